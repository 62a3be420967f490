//! Root, intermediate, leaf: only what a CA certificate allows is issued under it. A request for a violation is refused; if openssl makes
//! it anyway, `cert verify`, openssl and GnuTLS refuse it.

use crate::harness::Hierarchy;
use crate::oracle::{make_request, openssl};

#[test]
fn a_path_length_of_zero_leaves_no_room_for_a_ca() {
    let hierarchy = Hierarchy::new("ECC_NIST_P256", "");
    let rig = &hierarchy.rig;
    make_request(
        rig,
        "lower.csr",
        &["-newkey", "rsa:2048"],
        &["-subj", "/CN=Lower"],
    );
    let message = hierarchy
        .sign("lower.csr", "intermediate", "lower.crt")
        .refused(3, "rule");
    assert!(
        message.contains("path-length (RFC 5280 4.2.1.9): the CA certificate allows no CA below it"),
        "{message}"
    );
    hierarchy.force(
        "lower",
        "/CN=Lower",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign",
    );
    make_request(rig, "leaf.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=Leaf"]);
    let issue = [
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "lower.crt",
        "-CAkey",
        "lower.key",
        "-CAcreateserial",
        "-out",
        "leaf.crt",
    ];
    openssl(rig, &issue);
    rig.write("both.pem", [rig.read("sub.crt"), rig.read("lower.crt")].concat());
    let theirs = [
        "verify",
        "-CAfile",
        "root.crt",
        "-untrusted",
        "both.pem",
        "leaf.crt",
    ];
    let theirs = rig.tool("openssl", &theirs);
    assert!(
        theirs.code != Some(0) && theirs.stderr.contains("path length constraint exceeded"),
        "{theirs:#?}"
    );
    let ours = [
        "cert", "verify", "leaf.crt", "--ca", "root.crt", "--ca", "both.pem",
    ];
    let ours = rig.command(&ours);
    assert!(
        ours.code == Some(3)
            && ours
                .stdout
                .contains("pathLenConstraint 0, but 1 CA certificates follow"),
        "{ours:#?}"
    );
    // A leaf is issued.
    rig.command(&[
        "csr",
        "sign",
        "leaf.csr",
        "--ca",
        "sub.crt",
        "--profile",
        "tls-client",
        "--out",
        "fine.crt",
    ])
    .ok();
    assert_eq!(hierarchy.verdicts("fine.crt", Some("sslclient")), [true; 3]);
}

#[test]
fn an_intermediate_for_clients_makes_no_servers() {
    let hierarchy = Hierarchy::new(
        "ECC_NIST_P384",
        "path-length = 0\nextended-key-usage = [\"clientAuth\"]\n",
    );
    let rig = &hierarchy.rig;
    let names = [
        "-subj",
        "/CN=a.example.com",
        "-addext",
        "subjectAltName=DNS:a.example.com",
    ];
    make_request(rig, "a.csr", &["-newkey", "rsa:2048"], &names);
    let message = hierarchy.sign("a.csr", "tls-server", "a.crt").refused(3, "rule");
    assert!(message.contains("extended-key-usage-nesting"), "{message}");
    hierarchy.sign("a.csr", "tls-client", "client.crt").ok();
    assert_eq!(hierarchy.verdicts("client.crt", Some("sslclient")), [true; 3]);
    hierarchy.force(
        "forced",
        "/CN=a.example.com",
        "subjectAltName=DNS:a.example.com\nextendedKeyUsage=serverAuth",
    );
    assert_eq!(
        hierarchy.verdicts("forced.crt", Some("sslserver"))[..2],
        [false, false]
    );
    assert_eq!(hierarchy.failed_step("forced.crt"), "purposes");
    // Waived by name, it is issued, but verifiers still refuse it as a server's.
    let waiving = "name = \"waiving\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"rsa:2048\"]\nextended-key-usage = [\"serverAuth\"]\n\
        waive = [\"extended-key-usage-nesting\", \"common-name\"]\n";
    rig.write("waiving.toml", waiving);
    hierarchy.sign("a.csr", "./waiving.toml", "waived.crt").ok();
    assert_eq!(
        hierarchy.verdicts("waived.crt", Some("sslserver"))[..2],
        [false, false]
    );
    // An OCSP signer belongs to the CA.
    hierarchy.sign("a.csr", "ocsp-signer", "ocsp.crt").ok();
}

#[test]
fn name_constraints_of_every_kind() {
    let constraints = "path-length = 0\n[name-constraints]\n\
        permitted = [\"dns:example.com\", \"ip:10.0.0.0/8\", \"ip:2001:db8::/32\", \"email:example.com\", \"uri:.example.com\", \"dn:C=US\"]\n\
        excluded = [\"dns:secret.example.com\", \"ip:10.9.0.0/16\", \"email:root@example.com\", \"uri:bad.example.com\"]\n";
    let hierarchy = Hierarchy::new("ECC_NIST_P256", constraints);
    let rig = &hierarchy.rig;
    let shown = rig.json(&["cert", "show", "sub.crt"]).ok().stdout;
    assert!(
        shown.contains("\"permitted dns:example.com, ip:10.0.0.0/8, ip:2001:db8::/32,"),
        "{shown}"
    );
    rig.write(
        "any.toml",
        "name = \"any\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"rsa:2048\"]\nkey-usage = [\"digitalSignature\"]\n\
         [subject-alternative-name]\nfrom-request = [\"dns\", \"ip\", \"email\", \"uri\"]\nwildcards = true\n",
    );
    for (subject, names, is_inside) in [
        (
            "/C=US/CN=x",
            "DNS:www.example.com,IP:10.1.2.3,email:a@example.com,URI:https://a.example.com/x",
            true,
        ),
        ("/C=US/CN=x", "IP:2001:db8:1::1", true),
        ("/C=US/CN=x", "DNS:www.example.org", false),
        ("/C=US/CN=x", "DNS:a.secret.example.com", false),
        ("/C=US/CN=x", "DNS:wwwexample.com", false),
        ("/C=US/CN=x", "IP:11.0.0.1", false),
        ("/C=US/CN=x", "IP:10.9.0.1", false),
        ("/C=US/CN=x", "IP:2001:db9::1", false),
        ("/C=US/CN=x", "email:a@example.org", false),
        ("/C=US/CN=x", "email:root@example.com", false),
        ("/C=US/CN=x", "URI:https://example.org/", false),
        ("/C=US/CN=x", "URI:https://bad.example.com/", false),
        ("/C=DE/CN=x", "DNS:www.example.com", false),
        ("/CN=x", "DNS:www.example.com", false),
        (
            "/C=US/CN=x/emailAddress=a@example.org",
            "DNS:www.example.com",
            false,
        ),
    ] {
        let names = format!("subjectAltName={names}");
        make_request(
            rig,
            "a.csr",
            &["-newkey", "rsa:2048"],
            &["-subj", subject, "-addext", &names],
        );
        let signed = rig.json(&[
            "csr",
            "sign",
            "a.csr",
            "--ca",
            "sub.crt",
            "--profile",
            "./any.toml",
            "--out",
            "a.crt",
            "--force",
        ]);
        hierarchy.force("forced", subject, &names);
        let [ours, theirs, _] = hierarchy.verdicts("forced.crt", None);
        assert_eq!((ours, theirs), (is_inside, is_inside), "{subject} {names}");
        if is_inside {
            signed.ok();
            assert_eq!(hierarchy.verdicts("a.crt", None)[..2], [true, true], "{names}");
        } else {
            let message = signed.refused(3, "rule");
            assert!(
                message.contains("name-constraints (RFC 5280 4.2.1.10)"),
                "{message}"
            );
            assert_eq!(
                hierarchy.failed_step("forced.crt"),
                "name-constraints",
                "{subject} {names}"
            );
        }
    }
}

#[test]
fn a_ca_under_constraints_must_repeat_or_narrow_them() {
    let constraints = "path-length = 1\n[name-constraints]\npermitted = [\"dns:example.com\", \"dn:C=US\"]\n\
        excluded = [\"dns:secret.example.com\"]\n";
    let hierarchy = Hierarchy::new("ECC_NIST_P256", constraints);
    let rig = &hierarchy.rig;
    make_request(
        rig,
        "lower.csr",
        &["-newkey", "rsa:2048"],
        &["-subj", "/C=US/CN=Lower"],
    );
    let message = hierarchy
        .sign("lower.csr", "intermediate", "lower.crt")
        .refused(3, "rule");
    let fits = "[name-constraints] with permitted = [\"dns:example.com\", \"dn:C=US\"] and excluded = [\"dns:secret.example.com\"]";
    assert!(
        message.contains("name-constraints-nesting (RFC 5280 4.2.1.10)") && message.contains(fits),
        "{message}"
    );
    let profile = "name = \"lower\"\nrole = \"intermediate\"\ndays = 30\nkeys = [\"rsa:2048\"]\npath-length = 0\n[name-constraints]\n";
    let wide = "permitted = [\"dns:com\", \"dn:C=US\"]\nexcluded = [\"dns:secret.example.com\"]\n";
    rig.write("lower.toml", format!("{profile}{wide}"));
    let message = hierarchy
        .sign("lower.csr", "./lower.toml", "lower.crt")
        .refused(3, "rule");
    assert!(
        message.contains("dns:com is wider than what the CA certificate permits"),
        "{message}"
    );
    // The constraints from our error message, and narrower ones.
    let less = "permitted = [\"dns:a.example.com\", \"dn:C=US\"]\nexcluded = [\"dns:secret.example.com\"]\n";
    for names in [
        fits.replace("[name-constraints] with ", "")
            .replace(" and ", "\n"),
        less.to_owned(),
    ] {
        rig.write("lower.toml", format!("{profile}{names}"));
        rig.command(&[
            "csr",
            "sign",
            "lower.csr",
            "--ca",
            "sub.crt",
            "--profile",
            "./lower.toml",
            "--out",
            "lower.crt",
            "--force",
            "--second-certificate",
        ])
        .ok();
        assert_eq!(
            hierarchy.verdicts("lower.crt", None)[..2],
            [true, true],
            "{names}"
        );
    }
}

#[test]
fn a_certificate_under_a_ca_ends_with_it_and_has_another_name_and_key() {
    let hierarchy = Hierarchy::new("ECC_NIST_P256", "");
    let rig = &hierarchy.rig;
    make_request(rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=a"]);
    let sign = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "sub.crt",
        "--profile",
        "tls-client",
        "--out",
        "a.crt",
    ];
    rig.json(&[&sign[..], &["--days", "3000"]].concat())
        .refused(3, "outlives-ca");
    make_request(rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/C=US/CN=sub"]);
    let message = rig.json(&sign).refused(3, "rule");
    assert!(message.contains("subject (RFC 5280 4.1.2.6)"), "{message}");
    openssl(
        rig,
        &[
            "req",
            "-new",
            "-key",
            "sub.key",
            "-subj",
            "/CN=other",
            "-out",
            "a.csr",
        ],
    );
    let message = rig.json(&sign).refused(3, "rule");
    assert!(message.contains("subject-key (hsm-ca)"), "{message}");
}
