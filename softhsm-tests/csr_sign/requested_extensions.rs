//! Requested extensions that are granted: kinds of names that a profile lists, and a CA's own key identifier.

use crate::harness::{Rig, ready_authority};
use crate::oracle::{make_request, openssl};

const PROFILE: &str = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"rsa:2048\"]\nkey-usage = [\"digitalSignature\"]\n\
    extended-key-usage = [\"clientAuth\"]\n[subject-alternative-name]\n";

/// A request for these names, in openssl's words.
fn request_for(rig: &Rig, names: &str) {
    let asked = format!("subjectAltName={names}");
    make_request(
        rig,
        "a.csr",
        &["-newkey", "rsa:2048"],
        &["-subj", "/CN=a", "-addext", &asked],
    );
}

const SIGN: [&str; 10] = [
    "csr",
    "sign",
    "a.csr",
    "--ca",
    "customerCA.crt",
    "--profile",
    "./mine.toml",
    "--force",
    "--out",
    "a.crt",
];

const NAMES: [(&str, &str); 5] = [
    ("upn", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@example.com"),
    ("ntds-guid", "otherName:1.3.6.1.4.1.311.25.1;OCT:0123456789abcdef"),
    ("srv", "otherName:1.3.6.1.5.5.7.8.7;IA5:_ldap.example.com"),
    (
        "smtp-utf8",
        "otherName:1.3.6.1.5.5.7.8.9;UTF8:j\u{f6}rg@example.com",
    ),
    ("registered-id", "RID:1.2.3.4.5"),
];

#[test]
fn a_profile_allows_each_kind_of_other_name_by_name_and_no_other() {
    let rig = ready_authority();
    let listed = |file: &str| {
        let shown = openssl(
            &rig,
            &[
                "x509",
                "-in",
                file,
                "-noout",
                "-ext",
                "subjectAltName",
                "-nameopt",
                "utf8",
            ],
        );
        shown.matches("othername").count() + shown.matches("Registered ID").count()
    };
    for (kind, name) in NAMES {
        request_for(&rig, &format!("DNS:a.example.com,{name}"));
        rig.write(
            "mine.toml",
            format!("{PROFILE}from-request = [\"dns\", \"{kind}\"]\n"),
        );
        let signed = rig.json(&SIGN).ok().json();
        assert_eq!(
            signed["certificates"][0]["dropped"].as_array().map(Vec::len),
            Some(0),
            "{signed}"
        );
        assert_eq!(listed("a.crt"), 1, "{kind}");
        // Byte for byte as the request has it.
        let value = |command: &str, file: &str| {
            let der = format!("{file}.der");
            openssl(&rig, &[command, "-in", file, "-outform", "DER", "-out", &der]);
            rig.read(&der)
        };
        let (request, certificate) = (value("req", "a.csr"), value("x509", "a.crt"));
        let start = request
            .windows(5)
            .position(|window| window == [6, 3, 0x55, 0x1d, 0x11])
            .expect("names");
        let length = usize::from(request[start + 6]) + 2;
        let asked = &request[start..start + 5 + length];
        assert!(
            certificate.windows(asked.len()).any(|window| window == asked),
            "{kind}"
        );
        // With another profile it is dropped and reported.
        rig.write("mine.toml", format!("{PROFILE}from-request = [\"dns\"]\n"));
        let dropped = rig.json(&SIGN).ok().json();
        assert_eq!(
            dropped["certificates"][0]["dropped"][0]["name"], "subjectAltName",
            "{dropped}"
        );
        assert_eq!(listed("a.crt"), 0, "{kind}");
    }
    for wrong in [
        "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice",
        "otherName:1.3.6.1.4.1.311.20.2.3;IA5:alice@example.com",
        "otherName:1.3.6.1.4.1.311.25.1;OCT:short",
        "otherName:1.3.6.1.5.5.7.8.7;IA5:ldap.example.com",
        "otherName:1.3.6.1.5.5.7.8.9;UTF8:ascii@example.com",
    ] {
        request_for(&rig, wrong);
        rig.json(&SIGN).refused(3, "malformed");
    }
    rig.write("mine.toml", format!("{PROFILE}from-request = [\"kerberos\"]\n"));
    let message = rig.json(&SIGN).refused(2, "profile-file");
    assert!(
        message.contains("must be one of dns, ip, email, uri, upn, ntds-guid, srv, smtp-utf8, registered-id"),
        "{message}"
    );
}

#[test]
fn a_subordinate_keeps_its_key_identifier_and_its_leaves_verify() {
    let rig = ready_authority();
    let own = "01020304050607080910111213141516";
    let asked = format!("subjectKeyIdentifier={own}");
    make_request(
        &rig,
        "sub.csr",
        &["-newkey", "rsa:2048"],
        &["-subj", "/CN=Sub", "-addext", &asked],
    );
    std::fs::rename(rig.path("request.key"), rig.path("sub.key")).expect("the key");
    let sign = |out: &str, more: &[&str]| {
        let sign = [
            "csr",
            "sign",
            "sub.csr",
            "--ca",
            "customerCA.crt",
            "--profile",
            "intermediate",
            "--out",
            out,
        ];
        rig.json(&[&sign[..], more].concat())
    };
    let identifier = |file: &str| {
        let shown = openssl(
            &rig,
            &["x509", "-in", file, "-noout", "-ext", "subjectKeyIdentifier"],
        );
        shown.lines().last().expect("a line").trim().replace(':', "")
    };
    let signed = sign("sub.crt", &[]).ok().json();
    assert_eq!(identifier("sub.crt"), own);
    assert_eq!(
        signed["certificates"][0]["dropped"].as_array().map(Vec::len),
        Some(0),
        "{signed}"
    );
    make_request(&rig, "leaf.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=Leaf"]);
    rig.write("leaf.ext", "authorityKeyIdentifier=keyid\n");
    let issue = "x509 -req -in leaf.csr -CA sub.crt -CAkey sub.key -CAcreateserial -days 9 -extfile leaf.ext -out leaf.crt";
    openssl(&rig, &issue.split(' ').collect::<Vec<_>>());
    let verifies = |sub: &str| {
        let theirs = rig.tool(
            "openssl",
            &[
                "verify",
                "-CAfile",
                "customerCA.crt",
                "-untrusted",
                sub,
                "leaf.crt",
            ],
        );
        let ours = rig.command(&[
            "cert",
            "verify",
            "leaf.crt",
            "--ca",
            "customerCA.crt",
            "--ca",
            sub,
        ]);
        [theirs.code == Some(0), ours.code == Some(0)]
    };
    assert_eq!(verifies("sub.crt"), [true; 2]);
    // Another one is used with a warning, because the leaf then does not verify.
    let again = ["--again", "--second-certificate"];
    let sign_again = |out: &str, more: &[&str]| sign(out, &[&again[..], more].concat());
    let changed = sign_again("changed.crt", &["--ski", "aa:bb:cc"]).ok().json();
    assert_eq!(identifier("changed.crt"), "AABBCC");
    let warnings = changed["warnings"].to_string();
    assert!(
        warnings.contains(own) && warnings.contains("the request asks for"),
        "{changed}"
    );
    assert_eq!(verifies("changed.crt"), [false; 2]);
    // Without one in the request, it is derived from the key. A warning names the earlier certificate, and --ski keeps its identifier.
    let bare = "req -new -key sub.key -subj /CN=Sub -out sub.csr";
    openssl(&rig, &bare.split(' ').collect::<Vec<_>>());
    let bare = sign_again("bare.crt", &[]).ok().json();
    assert!(
        bare["warnings"].to_string().contains("its certificate in entry"),
        "{bare}"
    );
    sign_again("kept.crt", &["--ski", own]).ok();
    assert_eq!(identifier("kept.crt"), own);
    assert_eq!(verifies("kept.crt"), [true; 2]);
    // Invalid identifiers.
    for (wrong, code, kind) in [
        ("abc", 2, "usage"),
        ("", 2, "usage"),
        ("zz", 2, "usage"),
        (&"ab".repeat(65), 3, "rule"),
    ] {
        sign_again("wrong.crt", &["--ski", wrong]).refused(code, kind);
    }
    let authority = identifier("customerCA.crt");
    let message = sign_again("wrong.crt", &["--ski", &authority]).refused(3, "rule");
    assert!(message.contains("the issuer's own"), "{message}");
    let leaf = [
        "csr",
        "sign",
        "leaf.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "tls-client",
        "--ski",
        own,
        "--out",
        "x.crt",
    ];
    rig.json(&leaf).refused(2, "usage");
}
