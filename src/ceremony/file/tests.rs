mod people;
mod references;

use std::sync::LazyLock;

use super::{CeremonyFile, PreviousCeremony, StepAction};
use crate::ceremony::test_key::TestKey;
use crate::ceremony::{CeremonyTemplate, Requirement, Role, SshKey, SshKeyKind};
use crate::values::UnixTime;

/// The SSH keys of Ada, Bo and Cy.
static KEYS: LazyLock<[String; 3]> = LazyLock::new(|| [(); 3].map(|()| new_key(SshKeyKind::Ed25519)));

fn new_key(kind: SshKeyKind) -> String {
    TestKey::new(kind).line()
}

fn person(name: &str, roles: &str, place: usize) -> String {
    let key = &KEYS[place];
    format!("[[person]]\nname = \"{name}\"\nroles = [{roles}]\nkey = \"{key} {name}@example\"\n")
}

/// A valid file. Each test replaces one piece of it.
fn sound() -> String {
    let hash = "5f".repeat(32);
    let people = [
        person("Ada", r#""approver", "administrator""#, 0),
        person("Bo", r#""approver", "operator""#, 1),
        person("Cy", r#""witness""#, 2),
    ]
    .concat();
    format!(
        r#"version = 1
id = "r1-2026"
kind = "production"
previous = {{ head = "none" }}
[[session]]
name = "main"
date = 2026-12-01
hours = ["08:00Z", "19:00+01:00"]
[[session]]
name = "standby"
date = 2026-12-02
hours = ["08:00Z", "18:00Z"]
[token.root]
serial = "2318-0042"
[token.legacy]
serial = "2117-0007"
[people]
approve-threshold = 2
attend = {{ administrator = 1, witness = 1 }}
separate = [["operator", "witness"]]
{people}[input]
legacy = {{ file = "inputs/legacy.crt", sha256 = "{hash}" }}
csr = {{ file = "inputs/i1.csr", sha256 = "{hash}" }}
[[step]]
id = "room"
do = "manual"
say = "The clock is right"
record = ["wall-clock", "bag:root-hsm"]
[[step]]
id = "k"
do = "generate-key"
token = "root"
label = "root-r1"
type = "ec:p384"
[[step]]
id = "gate"
do = "confirm"
sign-by = {{ role = "approver", threshold = 2 }}
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
id = "x1"
do = "cross-sign"
issuer = "legacy"
token = "legacy"
subject-of = "root"
not-after = "issuer"
out = "x1.crt"
[[step]]
id = "crl1"
do = "crl"
issuer = "root"
number = 1
days = 364
out = "r1.crl"
[close]
attest = ["witness"]
waive = []
"#
    )
}

fn refusal(text: &str) -> String {
    CeremonyFile::read(text).unwrap_err().to_string()
}

#[test]
fn a_sound_file_is_read_as_it_is_meant() {
    let file = CeremonyFile::read(&sound()).unwrap();
    assert_eq!(file.previous, PreviousCeremony::None);
    // 19:00 at UTC+1 is 18:00 UTC. The end is not part of the session.
    let [main, standby] = file.sessions.as_slice() else {
        panic!("{:?}", file.sessions)
    };
    assert_eq!(main.begins, "2026-12-01T08:00:00Z".parse::<UnixTime>().unwrap());
    assert_eq!(main.ends, "2026-12-01T17:59:59Z".parse::<UnixTime>().unwrap());
    assert_eq!(standby.name, "standby");
    assert_eq!(file.steps.len(), 7);
    assert_eq!(file.step("gate").unwrap().action.word(), "confirm");
    let StepAction::Confirm(confirm) = &file.step("gate").unwrap().action else {
        panic!()
    };
    assert_eq!(
        (confirm.sign_by.role, confirm.sign_by.threshold),
        (Role::Approver, 2)
    );
    // The comment of an SSH key is not part of the key.
    assert_eq!(file.people[0].key, SshKey::from_line(&KEYS[0]).unwrap());
}

/// Each replacement, and what the error must contain: the place and the reason.
#[test]
fn what_is_wrong_is_named_with_its_place() {
    let cases = [
        ("version = 1", "version = 2", "version is 2"),
        (
            "kind = \"production\"",
            "kind = \"real\"",
            "must be production or practice",
        ),
        ("id = \"r1-2026\"", "id = \"../r1\"", "id must be"),
        (
            "id = \"r1-2026\"",
            "id = \"r1-2026\"\npin = \"1234\"",
            "unknown field `pin`",
        ),
        (
            "{ head = \"none\" }",
            "{ head = \"3:00\" }",
            "needs file and sha256",
        ),
        (
            "{ head = \"none\" }",
            "{ head = \"none\", file = \"a\" }",
            "must be left out",
        ),
        (
            "date = 2026-12-01",
            "date = 2026-12-01T08:00:00Z",
            "session \"main\": date must be a date alone",
        ),
        (
            "date = 2026-12-02",
            "date = 2026-12-01",
            "begins before session \"main\" ends",
        ),
        (
            "\"08:00Z\", \"19:00+01:00\"",
            "\"08:00\", \"18:00\"",
            "needs Z or an offset",
        ),
        (
            "\"08:00Z\", \"19:00+01:00\"",
            "\"18:00Z\", \"08:00Z\"",
            "ends before it begins",
        ),
        ("name = \"standby\"", "name = \"main\"", "same name"),
        (
            "serial = \"2117-0007\"",
            "serial = \"2318-0042\"",
            "same serial number",
        ),
        ("serial = \"2117-0007\"", "slot = 3", "unknown field `slot`"),
        (
            "approve-threshold = 2",
            "approve-threshold = 3",
            "and the number of approvers is 2",
        ),
        (
            "approve-threshold = 2",
            "approve-threshold = 0",
            "nobody would approve",
        ),
        (
            "approve-threshold = 2",
            "approve-threshold = 1",
            "no single person",
        ),
        ("witness = 1 }", "witness = 2 }", "and 1 of the people have it"),
        (
            "[[\"operator\", \"witness\"]]",
            "[[\"operator\", \"approver\"]]",
            "\"Bo\" is operator and approver",
        ),
        (
            "name = \"Bo\"",
            "name = \"ADA\"",
            "another person has the same name",
        ),
        (
            "name = \"Bo\"",
            "name = \"А\u{501}а\"",
            "person \"А\u{501}а\": the name looks like \"Ada\" in print, and has U+0410 in place of U+0041, U+0501 in place of U+0064, U+0430 in place of U+0061: ",
        ),
        ("name = \"Bo\"", "name = \"B\u{202e}o\"", "U+202E"),
        (
            "roles = [\"witness\"]",
            "roles = [\"king\"]",
            "\"king\" is not a role",
        ),
        (
            "roles = [\"witness\"]",
            "roles = [\"witness\"]\nrequire = [\"touch\"]",
            "only a security key",
        ),
        (
            "file = \"inputs/legacy.crt\"",
            "file = \"../legacy.crt\"",
            "input \"legacy\": file is",
        ),
        (
            "file = \"inputs/legacy.crt\"",
            "file = \"/etc/passwd\"",
            "input \"legacy\": file is",
        ),
        (
            "file = \"inputs/legacy.crt\"",
            "file = \"inputs//legacy.crt\"",
            "input \"legacy\": file is",
        ),
        (
            "file = \"inputs/legacy.crt\"",
            "file = \"./legacy.crt\"",
            "input \"legacy\": file is",
        ),
        ("do = \"manual\"", "do = \"shell\"", "do is \"shell\""),
        ("say = \"The clock is right\"", "say = \" \"", "say is empty"),
        ("id = \"room\"", "id = \"k\"", "same id"),
        ("id = \"room\"", "id = \"csr\"", "an input has the same name"),
        (
            "token = \"root\"",
            "token = \"other\"",
            "step \"k\": token \"other\" is not declared",
        ),
        ("key = \"k\"", "key = \"gate\"", "which is a confirm step"),
        ("key = \"k\"", "key = \"nothing\"", "which does not exist"),
        (
            "issuer = \"root\"\ncsr",
            "issuer = \"x1\"\ncsr",
            "which comes later",
        ),
        (
            "issuer = \"root\"\ncsr",
            "issuer = \"root\"\ntoken = \"root\"\ncsr",
            "token must be left out",
        ),
        ("token = \"legacy\"\nsubject-of", "subject-of", "token is missing"),
        (
            "subject-of = \"root\"",
            "subject-of = \"legacy\"",
            "same certificate",
        ),
        (
            "threshold = 2 }",
            "threshold = 3 }",
            "and 2 of the people have it",
        ),
        (
            "out = \"i1.crt\"",
            "out = \"r1.crt\"",
            "an earlier step writes \"r1.crt\" too",
        ),
        ("out = \"i1.crt\"", "out = \"../i1.crt\"", "out must be"),
        ("number = 1", "number = -1", "step \"crl1\""),
        (
            "days = 2922",
            "days = 2922\nforce = true",
            "unknown field `force`",
        ),
        (
            "do = \"generate-key\"",
            "do = \"import-key\"\nattestation-document = \"d\"",
            "step \"k\": attestation-document cannot be used in a ceremony",
        ),
        (
            "do = \"generate-key\"",
            "do = \"import-key\"\ngrant-token = \"t\"",
            "grant-token cannot be used in a ceremony",
        ),
        ("attest = [\"witness\"]", "attest = []", "at least one role"),
        (
            "attest = [\"witness\"]",
            "attest = [\"auditor\"]",
            "attend does not ask for any",
        ),
        (
            "profile = \"intermediate\"",
            "profile = \"profiles/own.toml\"",
            "step \"i1\": profile is \"profiles/own.toml\"",
        ),
        (
            "profile = \"intermediate\"",
            "profile = \"own.toml\"",
            "begins with ./",
        ),
        (
            "profile = \"intermediate\"",
            "profile = \"./../own.toml\"",
            "step \"i1\": file is \"../own.toml\"",
        ),
        (
            "waive = []",
            "waive = [{ rule = \"common-name\", step = \"i1\", because = \"ok\" }]",
            "needs a reason",
        ),
        (
            "waive = []",
            "waive = [{ rule = \"common-name\", step = \"crl1\", because = \"agreed on 2026-11-01\" }]",
            "makes no certificate",
        ),
        (
            "waive = []",
            "waive = [{ rule = \"common-name\", step = \"i9\", because = \"agreed on 2026-11-01\" }]",
            "does not exist",
        ),
    ];
    for (piece, other, wanted) in cases {
        let text = sound();
        assert!(text.contains(piece), "{piece}");
        let found = refusal(&text.replacen(piece, other, 1));
        assert!(found.contains(wanted), "{other}: {found}");
        assert!(!found.contains('\n'), "{found}");
    }
}
