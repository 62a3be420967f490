//! Every built-in profile, issued on a token and judged by independent programs.

use std::fs;

use crate::harness::{Rig, python_tool};
use crate::oracle::{assert_accepted, make_request, openssl};

/// Profile, `-addext` of its request, and the purpose as openssl's name and as object identifier.
const UNDER_A_ROOT: [(&str, &[&str], Option<&str>, &str); 6] = [
    (
        "tls-server",
        &["subjectAltName=DNS:www.example.com,IP:192.0.2.1,IP:2001:db8::1"],
        Some("sslserver"),
        "1.3.6.1.5.5.7.3.1",
    ),
    (
        "tls-client",
        &["subjectAltName=email:a@example.com,URI:https://example.com/a"],
        Some("sslclient"),
        "1.3.6.1.5.5.7.3.2",
    ),
    ("ocsp-signer", &[], Some("ocsphelper"), "1.3.6.1.5.5.7.3.9"),
    // openssl 3.0 has no name for it.
    ("code-signing", &[], None, "1.3.6.1.5.5.7.3.3"),
    ("cloudhsm-client", &[], Some("sslclient"), "1.3.6.1.5.5.7.3.2"),
    ("cloudhsm-cluster", &[], Some("sslserver"), "1.3.6.1.5.5.7.3.1"),
];

/// A root of the profile `root`, in `root.crt`.
fn rig_with_root(spec: &str) -> Rig {
    let rig = Rig::new().with_pair(spec);
    rig.import().ok();
    let create = ["ca", "create", "--key", "customer-ca", "--profile", "root"];
    let named = ["--subject", "CN=Test Root,O=Test,C=US", "--out", "root.crt"];
    rig.command(&[&create[..], &named].concat()).ok();
    rig
}

fn sign(rig: &Rig, request: &str, profile: &str, out: &str) -> crate::harness::Run {
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
    rig.json(&sign)
}

fn ask(rig: &Rig, name: &str, subject: &str, key: &[&str], extensions: &[&str]) {
    let mut more = vec!["-subj", subject];
    for extension in extensions {
        more.extend(["-addext", extension]);
    }
    make_request(rig, name, key, &more);
    fs::rename(rig.path("request.key"), rig.path(&name.replace(".csr", ".key"))).expect("the key");
}

fn issue_every_profile(spec: &str) {
    let rig = rig_with_root(spec);
    for (profile, extensions, purpose, identifier) in UNDER_A_ROOT {
        let (request, certificate) = (format!("{profile}.csr"), format!("{profile}.crt"));
        ask(
            &rig,
            &request,
            "/O=Test/CN=somebody",
            &["-newkey", "rsa:2048"],
            extensions,
        );
        let report = sign(&rig, &request, profile, &certificate).ok().json();
        assert_eq!(
            report["certificates"][0]["dropped"],
            serde_json::json!([]),
            "{report}"
        );
        assert_accepted(&rig, &certificate, "root.crt");
        if let Some(purpose) = purpose {
            openssl(
                &rig,
                &["verify", "-purpose", purpose, "-CAfile", "root.crt", &certificate],
            );
        }
        let trusted = [
            "--verify",
            "--load-ca-certificate",
            "root.crt",
            "--infile",
            &certificate,
        ];
        rig.tool(
            "certtool",
            &[&trusted[..], &["--verify-purpose", identifier]].concat(),
        )
        .ok();
        rig.command(&["cert", "verify", &certificate, "--ca", "root.crt"])
            .ok();
    }
    // A CA certificate, and the verdicts of other programs.
    ask(
        &rig,
        "below.csr",
        "/O=Test/CN=Below",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &[],
    );
    sign(&rig, "below.csr", "intermediate", "below.crt").ok();
    assert_accepted(&rig, "below.crt", "root.crt");
    let text = openssl(&rig, &["x509", "-in", "below.crt", "-noout", "-text"]);
    assert!(
        text.contains("CA:TRUE, pathlen:0") && text.contains("Certificate Sign, CRL Sign"),
        "{text}"
    );
}

#[test]
fn every_profile_under_rsa() {
    issue_every_profile("RSA_2048");
}

#[test]
fn every_profile_under_p256() {
    issue_every_profile("ECC_NIST_P256");
}

#[test]
fn every_profile_under_p384() {
    issue_every_profile("ECC_NIST_P384");
}

#[test]
fn a_servers_names_are_what_clients_look_for() {
    let rig = rig_with_root("ECC_NIST_P256");
    let names = "subjectAltName=DNS:www.example.com,DNS:*.example.org,IP:192.0.2.1,IP:2001:db8::1";
    ask(
        &rig,
        "server.csr",
        "/CN=www.example.com",
        &["-newkey", "rsa:2048"],
        &[names],
    );
    sign(&rig, "server.csr", "tls-server", "server.crt").ok();
    let verify = |check: &str, value: &str| {
        let verify = [
            "verify",
            "-purpose",
            "sslserver",
            "-CAfile",
            "root.crt",
            check,
            value,
            "server.crt",
        ];
        rig.tool("openssl", &verify).code == Some(0)
    };
    for (name, fits) in [
        ("www.example.com", true),
        ("WWW.EXAMPLE.COM", true),
        ("a.example.org", true),
        ("example.org", false),
        ("a.b.example.org", false),
        ("example.com", false),
    ] {
        assert_eq!(verify("-verify_hostname", name), fits, "{name}");
    }
    assert!(verify("-verify_ip", "192.0.2.1") && verify("-verify_ip", "2001:db8::1"));
    assert!(!verify("-verify_ip", "192.0.2.2"));
    // pkilint objects only to the wildcard, which RFC 5280 leaves to the application and RFC 9525 section 6.3 allows.
    let lint = ["lint", "-s", "NOTICE", "server.crt"];
    let found = rig.tool(python_tool("lint_pkix_cert"), &lint).stdout;
    let findings: Vec<_> = found.lines().filter(|line| line.contains('(')).collect();
    assert!(
        findings.len() == 1 && findings[0].contains("\"*.example.org\""),
        "{found}"
    );
    let shown = rig.json(&["cert", "show", "server.crt"]).ok().stdout;
    assert!(
        shown.contains("DNS:www.example.com, DNS:*.example.org, IP:192.0.2.1, IP:2001:db8::1"),
        "{shown}"
    );
}

#[test]
fn an_empty_subject_makes_the_names_critical() {
    let rig = rig_with_root("ECC_NIST_P256");
    ask(
        &rig,
        "server.csr",
        "/",
        &["-newkey", "rsa:2048"],
        &["subjectAltName=DNS:www.example.com"],
    );
    sign(&rig, "server.csr", "tls-server", "server.crt").ok();
    assert_accepted(&rig, "server.crt", "root.crt");
    let text = openssl(
        &rig,
        &["x509", "-in", "server.crt", "-noout", "-ext", "subjectAltName"],
    );
    assert!(text.contains("critical"), "{text}");
}

#[test]
fn requested_extensions_are_granted_if_the_profile_allows_them_and_reported_otherwise() {
    let rig = rig_with_root("ECC_NIST_P256");
    let greedy = [
        "subjectAltName=DNS:www.example.com,email:a@example.com,otherName:1.2.3;UTF8:x",
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=keyCertSign",
        "extendedKeyUsage=serverAuth",
    ];
    ask(
        &rig,
        "server.csr",
        "/CN=www.example.com",
        &["-newkey", "rsa:2048"],
        &greedy,
    );
    let report = sign(&rig, "server.csr", "tls-server", "server.crt").ok().json();
    let warning = report["warnings"][0].as_str().expect("a warning");
    for wanted in [
        "basicConstraints",
        "keyUsage",
        "subjectAltName (email:a@example.com, otherName:1.2.3=x",
    ] {
        assert!(warning.contains(wanted), "{wanted}: {warning}");
    }
    assert!(
        !warning.contains("extendedKeyUsage") && !warning.contains("DNS:"),
        "{warning}"
    );
    let text = openssl(&rig, &["x509", "-in", "server.crt", "-noout", "-text"]);
    assert!(
        text.contains("DNS:www.example.com\n") && text.contains("CA:FALSE"),
        "{text}"
    );
    assert!(
        !text.contains("a@example.com") && !text.contains("Certificate Sign"),
        "{text}"
    );

    // Invalid names, and a missing required name.
    for (names, wanted) in [
        ("DNS:a_b.example.com", "malformed"),
        ("DNS:www.example.com,IP:192.0.2.1,DNS:192.0.2.1", "malformed"),
        ("DNS:*.com", "malformed"),
        ("email:a@example.com", "rule"),
    ] {
        ask(
            &rig,
            "bad.csr",
            "/CN=somebody",
            &["-newkey", "rsa:2048"],
            &[&format!("subjectAltName={names}")],
        );
        sign(&rig, "bad.csr", "tls-server", "bad.crt").refused(3, wanted);
    }
    // One name more than there may be.
    for (count, wanted) in [(1000, None), (1001, Some("1001 names; at most 1000"))] {
        let names: Vec<_> = (0..count).map(|name| format!("DNS:{name}.example.com")).collect();
        let names = format!("subjectAltName={}", names.join(","));
        let subject = "/CN=1.example.com";
        ask(&rig, "many.csr", subject, &["-newkey", "rsa:2048"], &[&names]);
        let run = sign(&rig, "many.csr", "tls-server", &format!("{count}.crt"));
        match wanted {
            None => drop(run.ok()),
            Some(wanted) => {
                let message = run.refused(3, "rule");
                assert!(message.contains(wanted), "{message}");
            }
        }
    }
    ask(
        &rig,
        "bad.csr",
        "/CN=other.example.com",
        &["-newkey", "rsa:2048"],
        &["subjectAltName=DNS:www.example.com"],
    );
    let message = sign(&rig, "bad.csr", "tls-server", "bad.crt").refused(3, "rule");
    assert!(message.contains("common-name (CA/B BR 7.1.4.3)"), "{message}");
    assert!(!rig.path("bad.crt").exists());
}

/// A profile file can produce the CA/Browser Forum's profile of a server certificate, except for two fields that it does not recommend: a
/// common name, which the request has, and subjectKeyIdentifier, which RFC 5280 section 4.2.1.2 recommends. The built-in `tls-server` is
/// for a private CA: it names no policy, CRL or OCSP responder.
#[test]
fn a_profile_file_can_keep_the_baseline_requirements() {
    let rig = rig_with_root("ECC_NIST_P256");
    rig.write(
        "public.toml",
        r#"
        name = "public"
        role = "leaf"
        days = 90
        keys = ["rsa:2048", "ec:p256"]
        key-usage = ["digitalSignature"]
        extended-key-usage = ["serverAuth"]
        policies = [{ oid = "2.23.140.1.2.1" }]
        crl-urls = ["http://crl.example.com/1.crl"]
        issuer-urls = ["http://crl.example.com/ca.crt"]
        [subject-alternative-name]
        from-request = ["dns"]
        required = true
        "#,
    );
    ask(
        &rig,
        "server.csr",
        "/CN=www.example.com",
        &["-newkey", "rsa:2048"],
        &["subjectAltName=DNS:www.example.com"],
    );
    sign(&rig, "server.csr", "./public.toml", "server.crt").ok();
    assert_accepted(&rig, "server.crt", "root.crt");
    let lint = [
        "lint",
        "-t",
        "DV-FINAL-CERTIFICATE",
        "-s",
        "WARNING",
        "server.crt",
    ];
    let found = rig.tool(python_tool("lint_cabf_serverauth_cert"), &lint).stdout;
    let findings = found.lines().filter(|line| line.contains('('));
    assert_eq!(
        findings.map(str::trim).collect::<Vec<_>>(),
        [
            "cabf.serverauth.dv.common_name_attribute_present (WARNING)",
            "cabf.serverauth.subscriber.subject_key_identifier_extension_present (WARNING)",
        ]
    );
}

#[test]
fn the_rules_are_listed() {
    let rig = Rig::new();
    let text = rig.command(&["cert", "rules"]).ok().stdout;
    let row = |rule: &str| {
        let line = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(rule));
        line.unwrap_or_else(|| panic!("no {rule}: {text}"))
    };
    assert!(row("path-length").contains("  RFC 5280 4.2.1.9  "), "{text}");
    assert!(
        row("common-name").contains("  CA/B BR 7.1.4.3 ")
            && row("common-name").ends_with("(a profile may waive it)"),
        "{text}"
    );
    let rules = rig.json(&["cert", "rules"]).ok().json();
    let rules = rules["rules"].as_array().expect("a list");
    assert!(rules.len() > 30 && rules.iter().filter(|rule| rule["waivable"] == true).count() == 2);
}
