//! Cross-certificates: independent programs that trust our root accept certificates of another CA. Certificates that are not a CA's, or are
//! forged, are not cross-signed.

use serde_json::json;

use crate::csr_sign::tls_handshakes::shake;
use crate::harness::{EchoServer, Rig, Run};
use crate::oracle::{P256, assert_accepted, issue, openssl};

/// Our root in `root.crt`, its key on the token.
pub(crate) fn rig_with_root(spec: &str) -> Rig {
    let rig = Rig::new().with_pair(spec);
    rig.import().ok();
    let create = ["ca", "create", "--key", "customer-ca", "--profile", "root"];
    let named = ["--subject", "CN=Old Root,O=Ours,C=US", "--out", "root.crt"];
    rig.command(&[&create[..], &named].concat()).ok();
    rig
}

/// Another root, by openssl: `NAME.crt` and `NAME.key`.
pub(crate) fn make_root(rig: &Rig, name: &str, key: &[&str], subject: &str, more: &[&str]) {
    let (certificate, private) = (format!("{name}.crt"), format!("{name}.key"));
    let own = [
        "req",
        "-x509",
        "-nodes",
        "-keyout",
        &private,
        "-out",
        &certificate,
        "-subj",
        subject,
    ];
    openssl(rig, &[&own[..], key, more].concat());
}

pub(crate) const RSA: &[&str] = &["-newkey", "rsa:2048"];
pub(crate) const USAGE: &str = "keyUsage=critical,keyCertSign,cRLSign";

pub(crate) fn cross_sign(rig: &Rig, file: &str, out: &str, more: &[&str]) -> Run {
    let sign = ["cert", "cross-sign", file, "--ca", "root.crt", "--out", out];
    rig.json(&[&sign[..], more].concat())
}

/// Whether `cert verify`, openssl and GnuTLS accept a path from `leaf.crt` through `through` to the trusted root.
fn takes(rig: &Rig, leaf: &str, through: Option<&str>, root: &str) -> [bool; 3] {
    let mut ours = vec!["cert", "verify", leaf, "--ca", root];
    let mut theirs = vec!["verify", "-x509_strict", "-CAfile", root];
    let mut chain = rig.read(leaf);
    if let Some(through) = through {
        ours.extend(["--ca", through]);
        theirs.extend(["-untrusted", through]);
        chain.extend(rig.read(through));
    }
    theirs.push(leaf);
    rig.write("chain.pem", chain);
    let gnutls = ["--verify", "--load-ca-certificate", root, "--infile", "chain.pem"];
    [
        rig.command(&ours).code == Some(0),
        rig.tool("openssl", &theirs).code == Some(0),
        rig.tool("certtool", &gnutls).code == Some(0),
    ]
}

/// Server and client certificates of another root, and a TLS connection whose ends trust only ours.
fn both_roots_lead_to_what_the_other_issued(spec: &str, key: &[&str]) {
    let rig = rig_with_root(spec);
    make_root(
        &rig,
        "other",
        key,
        "/C=US/O=Theirs/CN=New Root",
        &["-addext", USAGE, "-days", "2000"],
    );
    let server = "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:www.example.com";
    issue(&rig, "server", "other", "/O=Theirs/CN=server", "30", server);
    let client = "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\nsubjectAltName=email:a@example.com";
    issue(&rig, "client", "other", "/O=Theirs/CN=client", "30", client);
    assert_eq!(takes(&rig, "server.crt", None, "root.crt"), [false; 3]);
    let report = cross_sign(&rig, "other.crt", "sub.crt", &[]).ok().json();
    assert_accepted(&rig, "sub.crt", "root.crt");
    assert_eq!(takes(&rig, "server.crt", Some("sub.crt"), "root.crt"), [true; 3]);
    assert_eq!(takes(&rig, "server.crt", None, "other.crt"), [true; 3]);
    // With the other root available too, both paths are valid.
    rig.write("both.pem", [rig.read("sub.crt"), rig.read("other.crt")].concat());
    assert_eq!(
        takes(&rig, "server.crt", Some("both.pem"), "root.crt")[..2],
        [true; 2]
    );
    // According to openssl, subject, key and extensions are the same.
    for what in [
        "-subject",
        "-pubkey",
        "-ext=subjectKeyIdentifier,basicConstraints,keyUsage",
    ] {
        let (option, value) = what.split_once('=').unwrap_or((what, ""));
        let read = |file| {
            let mut asked = vec!["x509", "-in", file, "-noout", "-nameopt", "RFC2253", option];
            if !value.is_empty() {
                asked.push(value);
            }
            openssl(&rig, &asked)
        };
        assert_eq!(read("sub.crt"), read("other.crt"), "{what}");
    }
    let told = &report["certificates"][0];
    let kept = [
        "subject",
        "key",
        "subjectKeyIdentifier",
        "basicConstraints",
        "keyUsage",
    ];
    for kept in kept {
        assert!(
            told["kept"].as_array().expect("names").contains(&kept.into()),
            "{told}"
        );
    }
    let fields = told["changes"].as_array().expect("changes").iter();
    let fields: Vec<_> = fields
        .map(|change| change["field"].as_str().expect("a name"))
        .collect();
    assert!(
        ["issuer", "serial-number", "authorityKeyIdentifier"]
            .iter()
            .all(|wanted| fields.contains(wanted)),
        "{told}"
    );
    assert!(
        report["warnings"][0]
            .as_str()
            .expect("one")
            .contains("another organisation"),
        "{report}"
    );
    // Recorded, with the hash of the other certificate.
    rig.command(&["ledger", "verify"]).ok();
    let serial = told["serial_number"].as_str().expect("a number");
    let entry = rig.json(&["ledger", "show", serial]).ok().stdout;
    let other = rig.json(&["cert", "show", "other.crt"]).ok().json();
    for wanted in [&other["sha256"], &other["subject"], &json!("cross")] {
        assert!(entry.contains(&wanted.to_string()), "{wanted}: {entry}");
    }
    // The other root expires first, and the cross-certificate with it.
    let end = |file| openssl(&rig, &["x509", "-in", file, "-noout", "-enddate"]);
    assert_eq!(end("sub.crt"), end("other.crt"));
    // rustls, with server and client sending the cross-certificate after their own.
    assert_eq!(shake(&rig, "server", "www.example.com", "client"), Ok(()));
    assert!(shake(&rig, "server", "www.example.org", "client").is_err());
    // openssl, and the same without the cross-certificate.
    let own = ["-cert", "server.crt", "-key", "server.key"];
    let trusting = ["-CAfile", "root.crt", "-verify_hostname", "www.example.com"];
    let with = EchoServer::start(&rig, &[&own[..], &["-cert_chain", "sub.crt"]].concat());
    assert!(with.answers(&rig, &trusting));
    let without = EchoServer::start(&rig, &own);
    assert!(!without.answers(&rig, &trusting));
}

#[test]
fn both_roots_lead_to_what_the_other_issued_under_p256() {
    both_roots_lead_to_what_the_other_issued("ECC_NIST_P256", RSA);
}

#[test]
fn both_roots_lead_to_what_the_other_issued_under_rsa() {
    both_roots_lead_to_what_the_other_issued("RSA_2048", P256);
}

#[test]
fn an_intermediate_of_another_root_is_cross_signed_if_its_issuer_is_given() {
    let rig = rig_with_root("ECC_NIST_P256");
    make_root(&rig, "above", P256, "/CN=Above", &["-addext", USAGE]);
    make_root(&rig, "strange", P256, "/CN=Above", &["-addext", USAGE]);
    let extensions = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n\
        extendedKeyUsage=serverAuth,clientAuth\ncertificatePolicies=1.2.3.4\nnameConstraints=critical,permitted;DNS:example.com\n\
        crlDistributionPoints=URI:http://crl.example.com/above.crl\nauthorityInfoAccess=caIssuers;URI:http://example.com/above.crt\n\
        1.3.6.1.4.1.311.21.1=ASN1:INTEGER:0";
    issue(&rig, "middle", "above", "/O=Theirs/CN=Middle", "30", extensions);
    issue(
        &rig,
        "leaf",
        "middle",
        "/CN=leaf",
        "30",
        "subjectAltName=DNS:www.example.com\nextendedKeyUsage=serverAuth",
    );
    issue(
        &rig,
        "outside",
        "middle",
        "/CN=leaf",
        "30",
        "subjectAltName=DNS:www.example.org\nextendedKeyUsage=serverAuth",
    );
    let run = cross_sign(&rig, "middle.crt", "cross.crt", &[]);
    assert!(run.stderr.contains("--original-issuer"), "{run:#?}");
    let message = run.refused(3, "rule");
    assert!(
        message.contains("cross-original (RFC 5280 6.1.3 (a)(1)): \"CN=Above\" issued it"),
        "{message}"
    );
    let of = |issuer| ["--original-issuer", issuer];
    cross_sign(&rig, "middle.crt", "cross.crt", &of("strange.crt")).refused(3, "bad-signature");
    cross_sign(&rig, "middle.crt", "cross.crt", &of("root.crt")).refused(3, "rule");
    cross_sign(&rig, "middle.crt", "cross.crt", &of("leaf.crt")).refused(3, "rule");
    assert!(!rig.path("cross.crt").exists());
    let report = cross_sign(&rig, "middle.crt", "cross.crt", &of("above.crt"))
        .ok()
        .json();
    let changes = report["certificates"][0]["changes"]
        .as_array()
        .expect("changes")
        .clone();
    let dropped: Vec<_> = changes
        .iter()
        .filter(|change| change["cross"].is_null())
        .collect();
    let dropped: Vec<_> = dropped
        .iter()
        .map(|change| change["field"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        dropped,
        [
            "cRLDistributionPoints",
            "authorityInfoAccess",
            "1.3.6.1.4.1.311.21.1"
        ]
    );
    assert_accepted(&rig, "cross.crt", "root.crt");
    assert_eq!(takes(&rig, "leaf.crt", Some("cross.crt"), "root.crt"), [true; 3]);
    assert_eq!(
        takes(&rig, "outside.crt", Some("cross.crt"), "root.crt")[..2],
        [false; 2]
    );
    let read = |file| {
        let kinds = "basicConstraints,keyUsage,extendedKeyUsage,certificatePolicies,nameConstraints,subjectKeyIdentifier";
        openssl(&rig, &["x509", "-in", file, "-noout", "-ext", kinds])
    };
    assert_eq!(read("cross.crt"), read("middle.crt"));
}

#[test]
fn a_profile_file_adds_urls_and_limits() {
    let rig = rig_with_root("ECC_NIST_P256");
    make_root(&rig, "other", P256, "/O=Theirs/CN=New Root", &["-addext", USAGE]);
    let profile = "name = \"ours\"\nrole = \"intermediate\"\ndays = 10\nlongest-days = 20\nkeys = [\"ec:p256\"]\n\
        extended-key-usage = [\"serverAuth\"]\ncrl-urls = [\"http://crl.example.com/root.crl\"]\n\
        issuer-urls = [\"http://example.com/root.crt\"]\n";
    rig.write("ours.toml", profile);
    let of = ["--profile", "./ours.toml"];
    let report = cross_sign(&rig, "other.crt", "cross.crt", &of).ok().json();
    assert_accepted(&rig, "cross.crt", "root.crt");
    let text = openssl(&rig, &["x509", "-in", "cross.crt", "-noout", "-text"]);
    for wanted in [
        "TLS Web Server Authentication",
        "http://crl.example.com/root.crl",
        "CA Issuers - URI:http://example.com/root.crt",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
    let changes = report["certificates"][0]["changes"].to_string();
    assert!(changes.contains("extendedKeyUsage"), "{changes}");
    rig.tool(
        "openssl",
        &["x509", "-in", "cross.crt", "-noout", "-checkend", "800000"],
    )
    .ok();
    let days = ["--days", "21", "--force"];
    assert!(
        report["warnings"].to_string().contains("no name constraints"),
        "{report}"
    );
    let message = cross_sign(&rig, "other.crt", "cross.crt", &[&of[..], &days].concat()).refused(3, "rule");
    assert!(message.contains("validity-length"), "{message}");
    // The profile's linter checks the certificate before the token signs.
    rig.write("ours.toml", format!("{profile}linter = [\"false\"]\n"));
    cross_sign(&rig, "other.crt", "linted.crt", &of).refused(3, "rule");
    assert!(!rig.path("linted.crt").exists());
    rig.write(
        "ours.toml",
        profile.replace("keys = [\"ec:p256\"]", "keys = [\"rsa:2048\"]"),
    );
    let message = cross_sign(&rig, "other.crt", "kind.crt", &of).refused(3, "rule");
    assert!(message.contains("key-kind"), "{message}");
    rig.write(
        "ours.toml",
        profile.replace("days = 10", "days = 10\npath-length = 0"),
    );
    let message = cross_sign(&rig, "other.crt", "length.crt", &of).refused(3, "rule");
    assert!(message.contains("cross-extensions"), "{message}");
}

/// Roots of other programs: in easy-rsa's, basicConstraints and keyUsage are not critical; some have name constraints that are not
/// critical; plain `openssl req -x509` writes no keyUsage.
#[test]
fn violations_in_the_original_are_corrected_and_reported() {
    let rig = rig_with_root("ECC_NIST_P256");
    let usage = ("keyUsage", "critical, keyCertSign, cRLSign");
    let basic = ("basicConstraints", "critical, CA:TRUE");
    for (name, extensions, wanted) in [
        (
            "easyrsa",
            "basicConstraints=CA:TRUE\nkeyUsage=cRLSign,keyCertSign",
            &[basic, usage][..],
        ),
        (
            "names",
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign,keyCertSign\nnameConstraints=permitted;DNS:example.com",
            &[("nameConstraints", "critical, ")],
        ),
        ("plain", "basicConstraints=critical,CA:TRUE", &[usage]),
    ] {
        let subject = format!("/O=Theirs/CN=Root {name}");
        let configuration = format!(
            "[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\nsubjectKeyIdentifier=hash\n{extensions}\n"
        );
        rig.write("root.cnf", configuration);
        make_root(
            &rig,
            name,
            P256,
            &subject,
            &["-config", "root.cnf", "-days", "1000"],
        );
        let cross = format!("{name}-cross.crt");
        let report = cross_sign(&rig, &format!("{name}.crt"), &cross, &[]).ok().json();
        let made = &report["certificates"][0];
        let repairs = made["repairs"].as_array().expect("a list");
        assert_eq!(repairs.len(), wanted.len(), "{made}");
        for (field, value) in wanted {
            let changes = made["changes"].as_array().expect("a list").iter();
            let mut changes = changes.filter(|change| change["field"] == *field);
            let change = changes.next().unwrap_or_else(|| panic!("{field}: {made}"));
            assert!(
                change["cross"].as_str().expect("words").starts_with(value),
                "{change}"
            );
            let is_told = |text: &serde_json::Value| text.as_str().is_some_and(|text| text.contains(field));
            assert!(repairs.iter().any(is_told), "{made}");
            let warnings = report["warnings"].as_array().expect("warnings");
            assert!(warnings.iter().any(is_told), "{report}");
        }
        assert_accepted(&rig, &cross, "root.crt");
    }
}
