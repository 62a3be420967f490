//! A second certificate of a CA, a second key under its name, and the renewal of a leaf.

use serde_json::Value;

use crate::harness::{Rig, Run};

fn rig() -> Rig {
    let rig = Rig::new();
    for key in ["root", "other", "sub"] {
        rig.command(&["key", "generate", "--label", key, "--type", "ec:p256"])
            .ok();
    }
    create(&rig, "root", "root.crt", &[]).ok();
    rig
}

fn create(rig: &Rig, key: &str, out: &str, more: &[&str]) -> Run {
    let create = [
        "ca",
        "create",
        "--profile",
        "root",
        "--subject",
        "CN=Root",
        "--key",
        key,
        "--out",
        out,
    ];
    rig.json(&[&create[..], more].concat())
}

fn sign(rig: &Rig, request: &str, profile: &str, out: &str, more: &[&str]) -> Run {
    let sign = [
        "csr",
        "sign",
        request,
        "--ca",
        "root.crt",
        "--profile",
        profile,
        "--out",
        out,
    ];
    rig.json(&[&sign[..], more].concat())
}

/// The waivers of the ledger's last entry, in JSON and as text.
fn last_waived(rig: &Rig) -> Value {
    let listed = rig.json(&["ledger", "list", "--last", "1"]).ok().json();
    let entry = &listed["entries"][0];
    let shown = rig
        .command(&["ledger", "show", &format!("#{}", entry["entry"])])
        .ok();
    for rule in entry["waived"].as_array().expect("a list") {
        assert!(
            shown.stdout.contains(rule.as_str().expect("a rule")),
            "{shown:#?}"
        );
    }
    entry["waived"].clone()
}

#[test]
fn a_second_root_needs_its_own_flag_which_is_recorded() {
    let rig = rig();
    let head = rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    for (key, rule, wrong) in [
        ("root", "second-certificate", "--same-name-other-key"),
        ("other", "same-name-other-key", "--second-certificate"),
    ] {
        for more in [&[][..], &["--force"], &[wrong]] {
            let message = create(&rig, key, "again.crt", more).refused(3, "rule");
            assert!(message.contains(rule) && message.contains('#'), "{message}");
            assert!(!rig.path("again.crt").exists());
        }
    }
    assert_eq!(
        rig.json(&["ledger", "verify"]).ok().json()["head"],
        head,
        "nothing is recorded"
    );
    create(&rig, "root", "second.crt", &["--second-certificate"]).ok();
    assert_eq!(last_waived(&rig), serde_json::json!(["second-certificate"]));
    let both = ["--same-name-other-key", "--second-certificate"];
    create(&rig, "other", "third.crt", &both).ok();
    assert_eq!(
        last_waived(&rig),
        serde_json::json!(["same-name-other-key"]),
        "what was not broken is not waived"
    );
    rig.command(&["ledger", "verify"]).ok();
}

/// Killed before its certificate existed, a CA has no file that `cert revoke` could name, and nothing that `ledger deliver` could write.
#[test]
fn an_interrupted_root_is_created_again_and_its_entry_settled() {
    let rig = Rig::new();
    rig.command(&["key", "generate", "--label", "root", "--type", "ec:p256"])
        .ok();
    let arguments = [
        "ca",
        "create",
        "--profile",
        "root",
        "--subject",
        "CN=Root",
        "--key",
        "root",
        "--out",
        "root.crt",
    ];
    let killed = rig.command_with_rule(&arguments, &[("KILL", "C_Sign!")]);
    assert_eq!(killed.code, None);
    let listed = rig.json(&["ledger", "list", "--open"]).ok().json();
    let open = &listed["entries"][0];
    let number = format!("#{}", open["entry"]);
    let hint = |run: &Run| {
        let error: Value = serde_json::from_str(&run.stderr).expect("an error as JSON");
        error["error"]["hint"].as_str().expect("a hint").to_owned()
    };
    let again = create(&rig, "root", "root.crt", &[]);
    let told = hint(&again);
    assert!(
        told.contains(&format!("'{number}'"))
            && told.contains("--second-certificate")
            && !told.contains("deliver"),
        "{told}"
    );
    again.refused(3, "rule");
    let deliver = rig.json(&["ledger", "deliver", &number, "--out", "root.crt"]);
    let told = hint(&deliver);
    assert!(
        told.contains("--second-certificate") && !told.contains("revoke"),
        "{told}"
    );
    deliver.refused(3, "entry-open");
    create(&rig, "root", "root.crt", &["--second-certificate"]).ok();
    // The warning's last step.
    let serial = open["serial_number"].as_str().expect("a number");
    let revoke = ["cert", "revoke", serial, "--ca", "root.crt"];
    rig.json(&[&revoke[..], &["--reason", "superseded"]].concat())
        .ok();
    let crl = ["crl", "create", "--ca", "root.crt", "--out", "root.crl"];
    assert_eq!(rig.json(&crl).ok().json()["warnings"], Value::Null);
    // The one that was signed can be delivered.
    let told = hint(&create(&rig, "root", "again.crt", &[]));
    let (_, after) = told.split_once("`hsm-ca ledger deliver '").expect(&told);
    let entry = after.split('\'').next().expect("an entry");
    rig.json(&["ledger", "deliver", entry, "--out", "again.crt"]).ok();
    assert_eq!(rig.read("again.crt"), rig.read("root.crt"));
}

/// RFC 5280 section 7.1: verifiers treat these as the same name.
#[test]
fn a_name_in_another_spelling_is_the_same_name() {
    let rig = rig();
    for subject in ["CN=ROOT", "cn=rOOT", "CN=#0c04726f6f74", "CN=#130452 6f6f74"] {
        let subject = subject.replace("52 6f", "526f");
        let arguments = [
            "ca",
            "create",
            "--profile",
            "root",
            "--out",
            "again.crt",
            "--subject",
            &subject,
        ];
        let message = rig
            .json(&[&arguments[..], &["--key", "other"]].concat())
            .refused(3, "rule");
        assert!(message.contains("same-name-other-key"), "{subject}: {message}");
        let message = rig
            .json(&[&arguments[..], &["--key", "root"]].concat())
            .refused(3, "rule");
        assert!(message.contains("second-certificate"), "{subject}: {message}");
    }
    let other = [
        "ca",
        "create",
        "--profile",
        "root",
        "--out",
        "other.crt",
        "--subject",
        "CN=Roots",
    ];
    rig.json(&[&other[..], &["--key", "other"]].concat()).ok();
}

/// The certificates of both spellings are one CA's, and so are its CRLs.
#[test]
fn two_spellings_of_a_name_share_crl_numbers_and_revocations() {
    let rig = rig();
    let create = [
        "ca",
        "create",
        "--profile",
        "root",
        "--key",
        "root",
        "--subject",
        "CN=rOOT",
        "--out",
        "other.crt",
    ];
    rig.json(&[&create[..], &["--second-certificate"]].concat()).ok();
    let request = [
        "csr",
        "create",
        "--key",
        "sub",
        "--subject",
        "CN=leaf",
        "--out",
        "leaf.csr",
    ];
    rig.command(&request).ok();
    sign(&rig, "leaf.csr", "tls-client", "leaf.crt", &[]).ok();
    let revoke = [
        "cert",
        "revoke",
        "leaf.crt",
        "--ca",
        "root.crt",
        "--reason",
        "superseded",
    ];
    rig.json(&revoke).ok();
    for (number, ca) in [
        ("1", "root.crt"),
        ("2", "other.crt"),
        ("3", "root.crt"),
        ("4", "other.crt"),
    ] {
        let list = ["crl", "create", "--force", "--ca", ca, "--out", "a.crl"];
        let made = rig.json(&list).ok().json();
        assert_eq!(
            (&made["number"], &made["entries"]),
            (&number.into(), &1.into()),
            "{ca}: {made}"
        );
    }
    let lower = [
        "crl", "create", "--ca", "root.crt", "--number", "3", "--out", "b.crl",
    ];
    let message = rig.json(&lower).refused(3, "rule");
    assert!(message.contains("crl-number"), "{message}");
    rig.command(&["ledger", "verify"]).ok();
}

#[test]
fn an_intermediate_is_not_an_exception_and_two_in_one_job_are_two() {
    let rig = rig();
    let request = [
        "csr",
        "create",
        "--subject",
        "CN=Sub",
        "--profile",
        "intermediate",
    ];
    for (key, out) in [("sub", "sub.csr"), ("other", "other.csr")] {
        rig.command(&[&request[..], &["--key", key, "--out", out]].concat())
            .ok();
    }
    sign(&rig, "sub.csr", "intermediate", "sub.crt", &[]).ok();
    // Its own root, under its name and key, is a second certificate too.
    let own = [
        "ca",
        "create",
        "--profile",
        "root",
        "--subject",
        "CN=Sub",
        "--key",
        "sub",
        "--out",
        "own.crt",
    ];
    let message = rig.json(&own).refused(3, "rule");
    assert!(message.contains("second-certificate"), "{message}");
    let message = sign(&rig, "other.csr", "intermediate", "x.crt", &[]).refused(3, "rule");
    assert!(message.contains("same-name-other-key"), "{message}");
    sign(
        &rig,
        "other.csr",
        "intermediate",
        "x.crt",
        &["--same-name-other-key"],
    )
    .ok();
}

#[test]
fn a_leaf_for_a_name_that_has_a_valid_certificate_is_a_renewal_and_says_of_which() {
    let rig = rig();
    let request = |names: &[&str], out: &str| {
        rig.command(&["key", "generate", "--label", out, "--type", "ec:p256"])
            .ok();
        let create = [
            "csr",
            "create",
            "--key",
            out,
            "--subject",
            "CN=a.example",
            "--out",
            out,
        ];
        rig.command(&[&create[..], names].concat()).ok();
    };
    request(&["--dns", "a.example", "--dns", "b.example"], "first.csr");
    request(&["--dns", "b.example", "--dns", "a.example"], "same.csr");
    request(&["--dns", "a.example"], "fewer.csr");
    let certificate = |run: Run| run.ok().json()["certificates"][0].clone();
    let first = certificate(sign(&rig, "first.csr", "tls-server", "first.crt", &[]));
    assert_eq!(first["renews"], Value::Null);
    // Other names, and another profile.
    let fewer = certificate(sign(&rig, "fewer.csr", "tls-server", "fewer.crt", &[]));
    assert_eq!(fewer["renews"], Value::Null);
    let client = certificate(sign(&rig, "same.csr", "tls-client", "client.crt", &[]));
    assert_eq!(client["renews"], Value::Null);
    // Another key and another order of the names.
    let second = certificate(sign(&rig, "same.csr", "tls-server", "second.crt", &[]));
    assert_eq!(second["renews"]["serial_number"], first["serial_number"]);
    assert_eq!(second["renews"]["not_after"], first["not_after"]);
    // A host is the same in any case.
    request(&["--dns", "A.Example", "--dns", "B.EXAMPLE"], "case.csr");
    let third = certificate(sign(&rig, "case.csr", "tls-server", "case.crt", &[]));
    assert_eq!(third["renews"]["serial_number"], second["serial_number"]);
    // A revoked certificate is not renewed.
    for file in ["case.crt", "second.crt", "first.crt"] {
        rig.command(&[
            "cert",
            "revoke",
            file,
            "--ca",
            "root.crt",
            "--reason",
            "superseded",
        ])
        .ok();
    }
    request(&["--dns", "a.example", "--dns", "b.example"], "third.csr");
    let third = certificate(sign(&rig, "third.csr", "tls-server", "third.crt", &[]));
    assert_eq!(third["renews"], Value::Null);
}

/// With the name, the key and the serial number of the genuine one, signed by a false root.
#[test]
fn a_forged_copy_of_an_intermediate_signs_nothing_and_the_genuine_one_is_named() {
    let rig = rig();
    let request = [
        "csr",
        "create",
        "--key",
        "sub",
        "--subject",
        "CN=Sub",
        "--profile",
        "intermediate",
        "--out",
        "sub.csr",
    ];
    rig.command(&request).ok();
    let made = sign(&rig, "sub.csr", "intermediate", "sub.crt", &[]).ok().json();
    let serial = made["certificates"][0]["serial_number"]
        .as_str()
        .expect("a number");
    rig.command(&[
        "csr",
        "create",
        "--key",
        "other",
        "--subject",
        "CN=leaf",
        "--out",
        "leaf.csr",
    ])
    .ok();
    let root = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "f.key", "-subj", "/CN=Root", "-out",
        "f.crt",
    ];
    rig.tool("openssl", &root).ok();
    rig.write(
        "f.ext",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n",
    );
    for (number, days) in [(serial, "9000"), ("77", "300")] {
        let number = format!("0x{number}");
        let forge = [
            "x509",
            "-req",
            "-in",
            "sub.csr",
            "-CA",
            "f.crt",
            "-CAkey",
            "f.key",
            "-set_serial",
            &number,
            "-days",
            days,
            "-extfile",
            "f.ext",
            "-out",
            "forged.crt",
        ];
        rig.tool("openssl", &forge).ok();
        let leaf = [
            "csr",
            "sign",
            "leaf.csr",
            "--ca",
            "forged.crt",
            "--profile",
            "tls-client",
            "--out",
            "x.crt",
        ];
        let message = rig.json(&leaf).refused(3, "unknown-ca");
        assert!(
            message.contains("entry #") && message.contains("different bytes"),
            "{message}"
        );
        // It cannot be adopted either.
        rig.json(&["ca", "adopt", "forged.crt"]).refused(3, "rule");
        assert!(!rig.path("x.crt").exists());
    }
}
