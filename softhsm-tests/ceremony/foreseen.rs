//! `check` and `plan` refuse what `ceremony run` would refuse at a step because of the ledger or an earlier step.

use super::check::ceremony;
use crate::harness::Rig;

const CRL1: &str = "[[step]]\nid = \"crl1\"";

/// Adds steps before the last one.
fn add(rig: &Rig, steps: &str) {
    rig.edit(CRL1, &format!("{steps}{CRL1}"));
}

/// A step that signs a certificate for the request with the older root.
fn signed_by_the_older_root(id: &str, issuer: &str) -> String {
    format!(
        "[[step]]\nid = \"{id}\"\ndo = \"sign-csr\"\nissuer = \"{issuer}\"\ntoken = \"legacy\"\ncsr = \"i1-csr\"\n\
         profile = \"intermediate\"\ndays = 2922\nout = \"{id}.crt\"\n"
    )
}

fn list_of(id: &str, issuer: &str, previous: &str, number: u64) -> String {
    format!(
        "[[step]]\nid = \"{id}\"\ndo = \"crl\"\nissuer = \"{issuer}\"\ntoken = \"legacy\"\nprevious = \"{previous}\"\n\
         number = {number}\ndays = 30\nout = \"{id}.crl\"\n"
    )
}

fn revocation(id: &str, issuer: &str, certificate: &str, reason: &str) -> String {
    format!(
        "[[step]]\nid = \"{id}\"\ndo = \"revoke\"\nissuer = \"{issuer}\"\ncertificate = \"{certificate}\"\nreason = \"{reason}\"\n"
    )
}

#[track_caller]
fn assert_refused(rig: &Rig, what: &str, code: i32, kind: &str, wanted: &[&str]) {
    let check = rig.json(&["ceremony", "check", "ceremony.toml"]);
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    for run in [check, rig.json(&plan)] {
        let message = run.refused(code, kind);
        for wanted in wanted {
            assert!(message.contains(wanted), "{what}: {message}");
        }
    }
    assert!(!rig.path("room").exists(), "{what}");
}

/// These need no ledger: an earlier step is the reason.
#[test]
fn a_step_that_an_earlier_one_makes_impossible_is_refused_before_the_day() {
    let legacy = "legacy-root";
    // The same certificate as a second input.
    let two = "legacy-two";
    let cases: [(&str, String, &str, &[&str]); 8] = [
        (
            "one request under two issuers",
            signed_by_the_older_root("i2", legacy),
            "rule",
            &["step \"i2\", session \"main\"", "second-certificate", "that of step \"i1\""],
        ),
        (
            "another key under a name",
            "[[step]]\nid = \"k2\"\ndo = \"generate-key\"\ntoken = \"root\"\nlabel = \"root-r2\"\ntype = \"ec:p384\"\n\
             [[step]]\nid = \"root2\"\ndo = \"create-ca\"\nkey = \"k2\"\nsubject = \"CN=ROOT R1,O=Example\"\n\
             profile = \"root\"\ndays = 7305\nout = \"r2.crt\"\n"
                .to_owned(),
            "rule",
            &[
                "step \"root2\"",
                "same-name-other-key",
                "a CA certificate with this name and another key already exists: that of step \"root\", valid until ",
            ],
        ),
        (
            "a second certificate of a CA that is older than the ceremony",
            "[[step]]\nid = \"again\"\ndo = \"create-ca\"\nkey = \"legacy-root\"\ntoken = \"legacy\"\n\
             subject = \"CN=Legacy,O=Example\"\nprofile = \"root\"\ndays = 7305\nout = \"again.crt\"\n"
                .to_owned(),
            "rule",
            &[
                "step \"again\"",
                "second-certificate",
                "already exists: input \"legacy-root\", valid until ",
            ],
        ),
        (
            "a key that was just called compromised",
            [
                revocation("gone", "root", "i1", "keyCompromise"),
                signed_by_the_older_root("i2", legacy),
            ]
            .concat(),
            "rule",
            &["step \"i2\"", "compromised-key", "step \"gone\""],
        ),
        (
            "a CA that was just revoked",
            [
                revocation("gone", legacy, legacy, "superseded"),
                signed_by_the_older_root("i2", legacy),
                list_of("crl2", legacy, "none", 1),
            ]
            .concat(),
            "rule",
            &["step \"i2\"", "issuer-status", "step \"gone\""],
        ),
        (
            "a CRL number that another name of the CA has used",
            [list_of("crl2", legacy, "none", 7), list_of("crl3", two, "none", 7)].concat(),
            "rule",
            &["step \"crl3\"", "crl-number", "step \"crl2\""],
        ),
        (
            "a CRL without what was revoked under another name of the CA",
            [
                revocation("gone", two, two, "superseded"),
                list_of("crl2", legacy, "none", 7),
                list_of("crl3", two, "none", 8),
            ]
            .concat(),
            "rule",
            &["step \"crl2\"", "crl-entries", "step \"gone\""],
        ),
        (
            "a key that was destroyed under another name",
            [
                "[[step]]\nid = \"gone\"\ndo = \"destroy-key\"\ntoken = \"legacy\"\nkey = \"legacy-root\"\n".to_owned(),
                signed_by_the_older_root("i2", two),
            ]
            .concat(),
            "ceremony-file",
            &["step \"i2\"", "step \"gone\" destroys the key"],
        ),
    ];
    for (what, steps, kind, wanted) in cases {
        let rig = ceremony();
        if steps.contains(two) {
            rig.pin_input(two, "legacy.crt");
        }
        add(&rig, &steps);
        let code = if kind == "ceremony-file" { 2 } else { 3 };
        assert_refused(&rig, what, code, kind, wanted);
    }
}

/// A rig with a ledger that contains the older root and what `prepare` adds.
fn with_ledger(prepare: impl FnOnce(&Rig)) -> Rig {
    let rig = ceremony();
    rig.command(&["ledger", "new"]).ok();
    rig.command(&["ca", "adopt", "inputs/legacy.crt", "--crl", "inputs/old.crl"])
        .ok();
    prepare(&rig);
    rig
}

/// Issues a CA certificate under the older root for the key of the request.
fn sign_elsewhere(rig: &Rig) {
    rig.write(
        "ca.cnf",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
         subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    );
    let sign = ["x509", "-req", "-in", "inputs/i1.csr", "-CA", "inputs/legacy.crt"];
    let more = [
        "-CAkey",
        "keys/legacy.pem",
        "-days",
        "2000",
        "-extfile",
        "ca.cnf",
        "-out",
        "inputs/i0.crt",
    ];
    rig.tool("openssl", &[&sign[..], &more].concat()).ok();
}

fn revoke(rig: &Rig, certificate: &str, reason: &str) {
    let revoke = [
        "cert",
        "revoke",
        certificate,
        "--ca",
        "inputs/legacy.crt",
        "--reason",
        reason,
    ];
    rig.command(&revoke).ok();
}

#[test]
fn what_the_ledger_would_refuse_on_the_day_is_refused_before_it() {
    let sound = with_ledger(|_| {});
    let report = sound.json(&["ceremony", "check", "ceremony.toml"]).ok().json();
    assert!(!report["warnings"].to_string().contains("ledger"), "{report:#}");

    let rig = ceremony();
    rig.command(&["ledger", "new"]).ok();
    assert_refused(
        &rig,
        "a CA that it does not know",
        3,
        "unknown-ca",
        &["step \"x1\""],
    );

    let rig = with_ledger(|rig| {
        sign_elsewhere(rig);
        rig.command(&["ca", "adopt", "inputs/i0.crt"]).ok();
    });
    let wanted = ["step \"i1\"", "second-certificate", "of the ledger"];
    assert_refused(&rig, "a second certificate", 3, "rule", &wanted);

    let rig = with_ledger(|_| {});
    rig.edit("CN=Root R1,O=Example", "CN=legacy,O=Example");
    let words = "a CA certificate with this name and another key already exists: ";
    let wanted = ["step \"root\"", "same-name-other-key", words];
    assert_refused(&rig, "another key under a name", 3, "rule", &wanted);

    let rig = with_ledger(|rig| {
        sign_elsewhere(rig);
        revoke(rig, "inputs/i0.crt", "keyCompromise");
    });
    assert_refused(
        &rig,
        "a compromised key",
        3,
        "rule",
        &["step \"i1\"", "compromised-key"],
    );

    let rig = with_ledger(|rig| {
        sign_elsewhere(rig);
        revoke(rig, "inputs/i0.crt", "superseded");
    });
    rig.edit("issuer = \"legacy-root\"", "issuer = \"i0\"");
    rig.pin_input("i0", "i0.crt");
    for unused in [
        line_of(&rig, "legacy-root = "),
        section(&rig, "i1"),
        line_of(&rig, "i1-csr = "),
    ] {
        rig.edit(&unused, "");
    }
    assert_refused(&rig, "a revoked CA", 3, "rule", &["step \"x1\"", "issuer-status"]);

    let rig = with_ledger(|_| {});
    add(&rig, &list_of("crl2", "legacy-root", "none", 5));
    assert_refused(
        &rig,
        "a CRL number that is used",
        3,
        "rule",
        &["step \"crl2\"", "crl-number"],
    );

    let rig = with_ledger(|rig| {
        sign_elsewhere(rig);
        revoke(rig, "inputs/i0.crt", "superseded");
    });
    rig.pin_input("old-crl", "old.crl");
    add(&rig, &list_of("crl2", "legacy-root", "old-crl", 6));
    let wanted = ["step \"i1\"", "second-certificate"];
    assert_refused(
        &rig,
        "a revoked certificate that has not expired",
        3,
        "rule",
        &wanted,
    );
    rig.edit(&section(&rig, "i1"), "");
    let input = line_of(&rig, "i1-csr = ");
    rig.edit(&input, "");
    let wanted = ["step \"crl2\"", "crl-entries", "the ledger has as revoked"];
    assert_refused(&rig, "a CRL that lacks an entry", 3, "rule", &wanted);

    rig.pin_input("i0", "i0.crt");
    add(
        &rig,
        &revocation("gone", "legacy-root", "i0", "affiliationChanged"),
    );
    rig.edit(&section(&rig, "crl2"), "");
    add(&rig, &list_of("crl2", "legacy-root", "old-crl", 6));
    let wanted = ["step \"gone\"", "superseded"];
    assert_refused(&rig, "another reason", 3, "already-revoked", &wanted);
    rig.edit("affiliationChanged", "superseded");
    rig.json(&["ceremony", "check", "ceremony.toml"]).ok();
}

/// The text of a step.
fn section(rig: &Rig, id: &str) -> String {
    let text = String::from_utf8(rig.read("ceremony.toml")).expect("UTF-8");
    let from = text.find(&format!("[[step]]\nid = \"{id}\"")).expect("a step");
    let rest = &text[from + 1..];
    let to = rest.find("\n[").expect("another part") + from + 2;
    text[from..to].to_owned()
}

fn line_of(rig: &Rig, start: &str) -> String {
    let text = String::from_utf8(rig.read("ceremony.toml")).expect("UTF-8");
    let found = text.lines().find(|line| line.starts_with(start)).expect("a line");
    format!("{found}\n")
}
