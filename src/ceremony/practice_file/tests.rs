use super::*;
use crate::ceremony::test_key::TestKey;
use crate::ceremony::{PlannedPeople, SshKeyKind};

/// A file that repeats every replaced value in comments and texts, and that writes tables in several ways.
fn real(ada: &TestKey, bo: &TestKey, quorum: &str) -> String {
    let hash = "5f".repeat(32);
    format!(
        r#"# kind = "production", serial = "2318-0042"
version = 1
id = "r1-2026"
kind = 'production'
previous = {{ head = "3:{hash}", file = "last.json", sha256 = "{hash}" }}
token = {{ root = {{ serial = "2318-0042" }}, legacy = {{ serial = "2117-0007" }} }}
[[session]]
name = "main"
date = 2026-12-01
hours = ["08:00Z", "18:00Z"]
[people]
approve-threshold = 2
attend = {{ witness = 1 }}
{quorum}
[[person]]
name = "Ada"
roles = ["approver"]
key = "{} ada@example"
require = [
    "touch", # production
    "pin",
]
[[person]]
name = "Bo"
roles = ["approver", "witness"]
key = "{}"
[input.legacy]
file = "inputs/legacy.crt"
sha256 = "{hash}"
[input.csr]
file = "inputs/2318-0042.csr"
sha256 = "{hash}"
[input.pair]
file = "inputs/pair.json"
sha256 = "{hash}"
[[step]]
id = "room"
do = "manual"
say = "production 2318-0042 {hash}"
[[step]]
id = "k"
do = "generate-key"
token = "root"
label = "2318-0042"
type = "ec:p384"
[[step]]
id = "kms"
do = "import-key"
token = "legacy"
label = "{hash}"
pair = "pair"
expect = '{hash}' # {hash}
[[step]]
id = "root"
do = "create-ca"
key = "k"
subject = "CN=R1"
profile = "root"
days = 7305
out = "r1.crt"
[[step]]
id = "i1"
do = "sign-csr"
issuer = "root"
csr = "csr"
profile = "intermediate"
days = 2922
out = "i1.crt"
[[step]]
id = "x"
do = "cross-sign"
issuer = "legacy"
token = "legacy"
subject-of = "root"
not-after = "issuer"
out = "x.crt"
[close]
attest = ["witness"]
"#,
        ada.line(),
        bo.line()
    )
}

fn changes(keys: &[&TestKey]) -> PracticeChanges {
    PracticeChanges {
        tokens: [("root", "aa01"), ("legacy", "aa02")]
            .map(|(name, serial)| (name.to_owned(), serial.to_owned()))
            .into(),
        keys: keys.iter().map(|key| key.key()).collect(),
        inputs: [("legacy".to_owned(), Digest::of(b"stand-in"))].into(),
        pins: [("kms".to_owned(), Digest::of(b"stand-in key"))].into(),
        previous: Some(Digest::of(b"practice export")),
    }
}

fn people() -> [TestKey; 4] {
    [
        SshKeyKind::SkEd25519,
        SshKeyKind::Ed25519,
        SshKeyKind::Ed25519,
        SshKeyKind::Ed25519,
    ]
    .map(TestKey::new)
}

#[test]
fn only_what_a_practice_replaces_is_another() {
    let [ada, bo, new_ada, new_bo] = people();
    let text = real(&ada, &bo, "");
    let (practice, file) = changes(&[&new_ada, &new_bo]).apply(&text).unwrap();
    assert_eq!(file.kind, CeremonyKind::Practice);
    assert_eq!(file.tokens["root"].serial, "aa01");
    assert_eq!(file.tokens["legacy"].serial, "aa02");
    assert_eq!(file.people[0].key, new_ada.key());
    assert!(file.people[0].require.is_empty());
    assert_eq!(file.inputs["legacy"].sha256, Digest::of(b"stand-in"));

    let real = CeremonyFile::read(&text).unwrap();
    assert_eq!(file.inputs["csr"], real.inputs["csr"]);
    let mut steps = real.steps.clone();
    let StepAction::ImportKey(import) = &mut steps[2].action else {
        panic!("{steps:?}")
    };
    import.expect = Some(Digest::of(b"stand-in key"));
    assert_eq!(file.steps, steps);
    assert_eq!((&file.id, &file.sessions), (&real.id, &real.sessions));

    // Comments, texts and line breaks are unchanged.
    let replaced = [
        "kind = '",
        "previous",
        "token = {",
        "key = ",
        "require",
        "\"touch\"",
        "\"pin\"",
        "]",
        "sha256",
        "expect = '",
    ];
    let differing: Vec<_> = text
        .lines()
        .zip(practice.lines())
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one.trim_start())
        .collect();
    assert_eq!(text.lines().count(), practice.lines().count());
    assert!(
        differing.len() == 9
            && differing
                .iter()
                .all(|line| replaced.iter().any(|start| line.starts_with(start))),
        "{differing:?}\n{practice}"
    );
    assert_eq!(practice.lines().next(), text.lines().next());
}

/// If the file claims a quorum, the practice claims the quorum of the stand-ins.
#[test]
fn a_claimed_quorum_is_that_of_the_practice() {
    let [ada, bo, new_ada, new_bo] = people();
    let read = CeremonyFile::read(&real(&ada, &bo, "")).unwrap();
    let quorum = PlannedPeople::of(&read).quorum().unwrap();
    let text = real(&ada, &bo, &format!("quorum = \"sha256:{quorum}\""));
    let (practice, file) = changes(&[&new_ada, &new_bo]).apply(&text).unwrap();
    assert!(!practice.contains(&quorum.to_string()));
    let of_stand_ins = PlannedPeople::of(&file).quorum().unwrap();
    assert_eq!(file.quorum.claimed, Some(format!("sha256:{of_stand_ins}")));
}

#[test]
fn what_cannot_be_replaced_is_refused() {
    let [ada, bo, new_ada, new_bo] = people();
    let text = real(&ada, &bo, "");
    let mut other = changes(&[&new_ada, &new_bo]);
    other.tokens.insert("spare".to_owned(), "aa03".to_owned());
    assert!(matches!(
        other.apply(&text),
        Err(PracticeFileError::Missing { .. })
    ));
    let mut other = changes(&[&new_ada, &new_bo]);
    other.inputs.insert("root".to_owned(), Digest::of(b"x"));
    assert!(matches!(
        other.apply(&text),
        Err(PracticeFileError::Missing { .. })
    ));
    // A step that does not exist, one that imports nothing, and one that expects no key.
    for (step, text) in [
        ("missing", text.clone()),
        ("room", text.clone()),
        ("kms", text.replace("expect = '", "# '")),
    ] {
        let mut other = changes(&[&new_ada, &new_bo]);
        other.pins = [(step.to_owned(), Digest::of(b"x"))].into();
        let refused = other.apply(&text);
        assert!(
            matches!(refused, Err(PracticeFileError::Missing { .. })),
            "{step}: {refused:?}"
        );
    }
    let few = changes(&[&new_ada]);
    assert!(matches!(few.apply(&text), Err(PracticeFileError::Missing { .. })));
    // Two people must not share one stand-in key.
    let twice = changes(&[&new_ada, &new_ada]);
    assert!(matches!(twice.apply(&text), Err(PracticeFileError::File(_))));
}
