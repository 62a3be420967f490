//! A plan with every kind of step, for the tests of the printed pages.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::ceremony::test_key::TestKey;
use crate::ceremony::{
    CeremonyKind, CeremonyPlan, Confirm, CreateCa, Crl, CrossSign, DestroyKey, Digest, GenerateKey, Hole,
    HoleContent, ImportKey, KeyBudget, Manual, NotAfter, NotBefore, ObjectKind, Octets, PlannedInput,
    PlannedObject, PlannedPeople, PlannedPerson, PlannedPrevious, PlannedSession, PlannedStep, PlannedToken,
    PlannedTool, PlannedWaiver, Revoke, Role, RuleVerdict, SeenToken, SignBy, SignCsr, Spare, SshKeyKind,
    StepAction,
};

/// The reference ceremony: two sessions, five approvers, a witness, a gate, and every kind of step.
pub(in crate::ceremony) fn test_plan() -> CeremonyPlan {
    CeremonyPlan {
        format: CeremonyPlan::format(),
        kind: CeremonyKind::Production,
        ceremony: "root-r1-2026".to_owned(),
        file: Digest::of(b"file"),
        policy: Some("https://pki.example/cps/2.1#root".to_owned()),
        previous: None,
        time: "2026-11-01T08:00:00Z".to_owned(),
        tool: PlannedTool {
            name: "hsm-ca".to_owned(),
            version: "0.1.0".to_owned(),
            sha256: Digest::of(b"tool"),
        },
        module: None,
        tokens: tokens(),
        people: people(),
        inputs: inputs(),
        profiles: BTreeMap::from([("root".to_owned(), Digest::of(b"root"))]),
        linters: BTreeMap::new(),
        refused_keys: None,
        sessions: ["01", "02"].map(session).into(),
        steps: steps(),
        objects: ["main", "standby"].into_iter().flat_map(objects).collect(),
        budget: vec![budget("k", "root", 3, 1), budget("legacy-root", "legacy", 1, 0)],
        waived: vec![PlannedWaiver {
            rule: "explicit-text".to_owned(),
            step: "i1".to_owned(),
            because: "the agreed reason of the policy board".to_owned(),
        }],
    }
}

/// A practice whose texts try to inject markup.
pub(in crate::ceremony) fn strange_plan() -> CeremonyPlan {
    let mut plan = test_plan();
    plan.kind = CeremonyKind::Practice;
    let strange = "<script>alert(1)</script> \u{202e}gnp.exe \" onload='x' &amp; \u{1b}[2J";
    plan.people.persons[0].name = format!("A {strange}");
    plan.policy = Some(strange.to_owned());
    plan.previous = Some(PlannedPrevious {
        head: format!("9:{}", Digest::of(b"previous")),
        file: strange.to_owned(),
        sha256: Digest::of(b"export"),
    });
    plan.objects[0].shown.push(format!("subject: CN={strange}"));
    plan.waived[0].because = strange.to_owned();
    plan.inputs.get_mut("i1-csr").unwrap().file = strange.to_owned();
    plan.steps[0].action = StepAction::Manual(Manual {
        say: strange.to_owned(),
        record: vec![strange.to_owned()],
    });
    plan
}

fn tokens() -> BTreeMap<String, PlannedToken> {
    let token = |serial: &str, seen| PlannedToken {
        serial: serial.to_owned(),
        seen,
    };
    let seen = SeenToken {
        manufacturer: "Example".to_owned(),
        model: "HSM 2".to_owned(),
        firmware: "2.4".to_owned(),
        hardware: "1.0".to_owned(),
    };
    BTreeMap::from([
        ("root".to_owned(), token("2318-0042", Some(seen))),
        ("legacy".to_owned(), token("2117-0007", None)),
    ])
}

fn people() -> PlannedPeople {
    static LINES: OnceLock<[String; 6]> = OnceLock::new();
    let lines = LINES.get_or_init(|| [(); 6].map(|()| TestKey::new(SshKeyKind::Ed25519).line()));
    let roles = [
        vec![Role::Approver, Role::Administrator],
        vec![Role::Approver, Role::Operator],
        vec![Role::Approver],
        vec![Role::Approver],
        vec![Role::Approver],
        vec![Role::Witness],
    ];
    let names = ["A", "B", "C", "D", "E", "W"];
    let persons = names.into_iter().zip(roles).zip(lines);
    PlannedPeople {
        approve_threshold: 3,
        attend: BTreeMap::from([
            (Role::Administrator, 1),
            (Role::Operator, 1),
            (Role::Approver, 2),
            (Role::Witness, 1),
        ]),
        separate: vec![
            vec![Role::Administrator, Role::Operator],
            vec![Role::Operator, Role::Witness],
        ],
        attest: vec![Role::Witness, Role::Administrator],
        persons: persons
            .map(|((name, roles), line)| PlannedPerson {
                name: name.to_owned(),
                roles,
                key: line.clone(),
                require: Vec::new(),
            })
            .collect(),
    }
}

fn inputs() -> BTreeMap<String, PlannedInput> {
    let input = |name: &str, is: &str| {
        let input = PlannedInput {
            file: format!("inputs/{name}"),
            sha256: Digest::of(name.as_bytes()),
            is: is.to_owned(),
            shown: vec![format!("subject: CN={name},O=Example"), "key: P-384".to_owned()],
            key: Some(Digest::of(is.as_bytes())),
        };
        (name.to_owned(), input)
    };
    BTreeMap::from([
        input("legacy-root", "certificate"),
        input("i1-csr", "request"),
        input("old-i0", "certificate"),
        input("pair", "key-pair"),
    ])
}

fn session(day: &str) -> PlannedSession {
    PlannedSession {
        name: if day == "01" { "main" } else { "standby" }.to_owned(),
        begins: format!("2026-12-{day}T08:00:00Z"),
        ends: format!("2026-12-{day}T17:59:59Z"),
    }
}

fn steps() -> Vec<PlannedStep> {
    let text = |text: &str| text.to_owned();
    let root = CreateCa {
        key: text("k"),
        token: None,
        subject: text("CN=Root R1,O=Example"),
        profile: text("root"),
        not_before: NotBefore::Session,
        days: Some(7305),
        not_after: None,
        hash: None,
        out: text("r1.crt"),
    };
    let i1 = SignCsr {
        issuer: text("root"),
        token: None,
        csr: text("i1-csr"),
        profile: text("intermediate"),
        not_before: NotBefore::Session,
        days: Some(2922),
        not_after: None,
        hash: None,
        out: text("i1.crt"),
    };
    let x1 = CrossSign {
        issuer: text("legacy-root"),
        token: Some(text("legacy")),
        subject_of: text("root"),
        signed_by: None,
        profile: None,
        extended_key_usage: vec![text("serverAuth")],
        not_before: NotBefore::Session,
        days: None,
        not_after: Some(NotAfter::Issuer),
        hash: None,
        out: text("r1-x.crt"),
    };
    let room = Manual {
        say: text("The clock agrees with the wall clock; cameras run; bag numbers match the script"),
        record: vec![text("wall-clock"), text("bag:root-hsm")],
    };
    let k = GenerateKey {
        token: text("root"),
        label: text("root-r1"),
        key_type: text("ec:p384"),
    };
    let parked = ImportKey {
        token: text("root"),
        label: text("parked"),
        pair: text("pair"),
        expect: None,
    };
    let sign_by = SignBy {
        role: Role::Approver,
        threshold: 2,
    };
    let revoke = Revoke {
        issuer: text("root"),
        certificate: text("old-i0"),
        reason: text("superseded"),
        invalid_since: None,
    };
    let crl1 = Crl {
        issuer: text("root"),
        token: None,
        number: 1,
        previous: None,
        days: 364,
        hash: None,
        out: text("r1.crl"),
    };
    let destroy = DestroyKey {
        token: text("root"),
        key: text("parked"),
    };
    let steps = [
        ("room", StepAction::Manual(room)),
        ("k", StepAction::GenerateKey(k)),
        ("parked", StepAction::ImportKey(parked)),
        ("gate", StepAction::Confirm(Confirm { sign_by })),
        ("root", StepAction::CreateCa(root)),
        ("i1", StepAction::SignCsr(i1)),
        ("x1", StepAction::CrossSign(x1)),
        ("revoke-i0", StepAction::Revoke(revoke)),
        ("crl1", StepAction::Crl(crl1)),
        ("destroy", StepAction::DestroyKey(destroy)),
    ];
    let step = |(id, action): (&str, StepAction)| PlannedStep {
        id: id.to_owned(),
        action,
    };
    steps.into_iter().map(step).collect()
}

fn objects(session: &str) -> Vec<PlannedObject> {
    let day = if session == "main" { "01" } else { "02" };
    let certificate = |step: &str, out: &str, key: &str, serial: u8, name: &str, issuer: &str| {
        let mut object = object(session, step, out, key, serial);
        object.shown = vec![
            format!("subject: CN={name},O=Example"),
            format!("issuer: {issuer}"),
            format!("serial number: {serial:02x}"),
            format!("valid from: 2026-12-{day}T08:00:00Z"),
            "valid until: 2046-11-30T07:59:59Z".to_owned(),
        ];
        object
    };
    let mut crl = object(session, "crl1", "r1.crl", "k", 0x51);
    crl.is = ObjectKind::Crl;
    crl.serial = None;
    crl.spare = None;
    crl.shown = vec![
        "issuer: CN=Root R1,O=Example".to_owned(),
        "CRL number: 1".to_owned(),
        format!("this update: 2026-12-{day}T08:00:00Z"),
        "next update: 2027-11-30T07:59:59Z".to_owned(),
    ];
    let mut issuing = certificate("i1", "i1.crt", "k", 0x21, "Issuing I1", "CN=Root R1,O=Example");
    issuing
        .verdicts
        .insert("explicit-text".to_owned(), RuleVerdict::Waived);
    vec![
        certificate("root", "r1.crt", "k", 0x11, "Root R1", "itself"),
        issuing,
        certificate(
            "x1",
            "r1-x.crt",
            "legacy-root",
            0x31,
            "Root R1",
            "CN=legacy-root,O=Example",
        ),
        crl,
    ]
}

fn object(session: &str, step: &str, out: &str, key: &str, serial: u8) -> PlannedObject {
    let mut tbs = vec![0x30, 50, 2, serial];
    tbs.extend([0; 48]);
    let is_deterministic = key == "legacy-root";
    PlannedObject {
        session: session.to_owned(),
        step: step.to_owned(),
        is: ObjectKind::Certificate,
        out: out.to_owned(),
        key: key.to_owned(),
        algorithm: Octets(vec![0x30, 0]),
        deterministic: is_deterministic,
        sha256: Digest::of(&tbs),
        tbs: Octets(tbs),
        holes: vec![Hole {
            at: 4,
            len: 48,
            is: HoleContent::Key,
            key: "k".to_owned(),
        }],
        serial: Some(format!("{serial:02x}")),
        spare: (!is_deterministic).then(|| Spare {
            serial: format!("{:02x}", serial + 1),
            at: 3,
        }),
        shown: Vec::new(),
        verdicts: BTreeMap::from([
            ("version".to_owned(), RuleVerdict::Passed),
            ("serial-unused".to_owned(), RuleVerdict::AtSigning),
        ]),
    }
}

fn budget(key: &str, token: &str, signatures: u64, proofs: u64) -> KeyBudget {
    KeyBudget {
        key: key.to_owned(),
        token: token.to_owned(),
        signatures,
        proofs,
    }
}
