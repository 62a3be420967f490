//! `csr create` requests each kind of name in the same bytes as openssl, and `csr sign` issues it.

use crate::harness::{Rig, ready_authority};
use crate::oracle::openssl;

const PROFILE: &str = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"ec:p256\"]\nkey-usage = [\"digitalSignature\"]\n\
    extended-key-usage = [\"clientAuth\"]\n[subject-alternative-name]\n";

/// The option and its value, and the same name in openssl's words.
const NAMES: [(&str, &str, &str); 9] = [
    ("dns", "a.example.com", "DNS:a.example.com"),
    ("ip", "2001:db8::1", "IP:2001:db8::1"),
    ("email", "a@example.com", "email:a@example.com"),
    ("uri", "https://example.com/a", "URI:https://example.com/a"),
    (
        "upn",
        "alice@example.com",
        "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@example.com",
    ),
    (
        "ntds-guid",
        "33323130-3534-3736-3839-616263646566",
        "otherName:1.3.6.1.4.1.311.25.1;OCT:0123456789abcdef",
    ),
    (
        "srv",
        "_ldap.example.com",
        "otherName:1.3.6.1.5.5.7.8.7;IA5:_ldap.example.com",
    ),
    (
        "smtp-utf8",
        // openssl treats each octet as a Latin-1 character.
        "j\u{c3}\u{b6}rg@example.com",
        "otherName:1.3.6.1.5.5.7.8.9;UTF8:j\u{f6}rg@example.com",
    ),
    ("registered-id", "1.2.3.4.5", "RID:1.2.3.4.5"),
];

const CREATE: [&str; 8] = [
    "csr",
    "create",
    "--key",
    "leaf",
    "--subject",
    "CN=a",
    "--out",
    "a.csr",
];

/// subjectAltName in a request or certificate, from its object identifier on.
fn names_of(rig: &Rig, command: &str, file: &str) -> Vec<u8> {
    let der = format!("{file}.der");
    openssl(rig, &[command, "-in", file, "-outform", "DER", "-out", &der]);
    let der = rig.read(&der);
    let start = der
        .windows(5)
        .position(|window| window == [6, 3, 0x55, 0x1d, 0x11])
        .expect("names");
    let length = usize::from(der[start + 6]);
    der[start..start + 7 + length].to_vec()
}

#[test]
fn each_kind_of_name_is_requested_as_openssl_writes_it_and_issued() {
    let rig = ready_authority();
    let generate = ["key", "generate", "--label", "leaf", "--type", "ec:p256"];
    rig.command(&generate).ok();
    for (kind, name, by_openssl) in NAMES {
        let option = format!("--{kind}");
        let twice = [option.as_str(), name, &option, name, "--force"];
        rig.json(&[&CREATE[..], &twice].concat()).ok();
        openssl(&rig, &["req", "-in", "a.csr", "-noout", "-verify"]);
        let asked = format!("subjectAltName={by_openssl}");
        let new = [
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ];
        let named = ["-subj", "/CN=a", "-addext", &asked];
        let files = ["-nodes", "-keyout", "other.key", "-out", "other.csr"];
        openssl(&rig, &[&new[..], &named, &files].concat());
        let requested = names_of(&rig, "req", "a.csr");
        assert_eq!(requested, names_of(&rig, "req", "other.csr"), "{kind}");

        rig.write("mine.toml", format!("{PROFILE}from-request = [\"{kind}\"]\n"));
        let sign = ["csr", "sign", "a.csr", "--ca", "customerCA.crt", "--profile"];
        let out = ["./mine.toml", "--out", "a.crt", "--force"];
        rig.json(&[&sign[..], &out].concat()).ok();
        assert_eq!(names_of(&rig, "x509", "a.crt"), requested, "{kind}");
    }
}

#[test]
fn a_name_that_its_kind_does_not_allow_is_refused_before_the_token_is_asked() {
    let rig = Rig::new();
    for (option, wrong, word) in [
        ("--upn", "alice", "user@domain"),
        ("--ntds-guid", "00000000-0000-0000-0000-000000000000", "GUID"),
        ("--ntds-guid", "33323130", "GUID"),
        ("--srv", "ldap.example.com", "_service.domain"),
        ("--smtp-utf8", "ascii@example.com", "rfc822Name"),
        ("--registered-id", "1.2.x", "object identifier"),
        ("--registered-id", "9.9.9", "object identifier"),
        ("--email", "j\u{f6}rg@example.com", ""),
    ] {
        let run = rig.command(&[&CREATE[..], &[option, wrong]].concat());
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(
            run.stderr.contains(word) && run.stderr.contains(option),
            "{run:?}"
        );
    }
    assert!(!rig.path("a.csr").exists());
}
