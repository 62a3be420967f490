//! docs/profiles.md: the table is the program's, and every file in it is a profile.

use std::fs;

use hsm_ca::x509::{Profile, ProfileExtension};

use crate::harness::{Rig, ready_authority};
use crate::oracle::{make_request, openssl};

fn document() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/profiles.md")).expect("the document")
}

/// Its blocks of TOML.
fn files() -> Vec<String> {
    let document = document();
    let blocks = document.split("```toml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().expect("an end").to_owned())
        .collect()
}

#[test]
fn the_table_of_built_in_profiles_is_the_programs() {
    let document = document();
    let lines = document.lines().skip_while(|line| *line != "## Built in").skip(1);
    let rows: Vec<_> = lines
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| `"))
        .collect();
    let wanted = Profile::built_in().into_iter().map(|profile| {
        let extensions: Vec<_> = profile.extensions.iter().map(ProfileExtension::name).collect();
        format!(
            "| `{}` | {} | {} | {} |",
            profile.name,
            profile.role.word(),
            profile.default_days,
            extensions.join(", ")
        )
    });
    assert_eq!(rows, wanted.collect::<Vec<_>>());
}

#[test]
fn every_file_of_the_document_issues_a_certificate() {
    let rig: Rig = ready_authority();
    let files = files();
    assert_eq!(files.len(), 3);
    // Every field is in one of them.
    let fields = [
        "name",
        "role",
        "days",
        "longest-days",
        "keys",
        "key-usage",
        "extended-key-usage",
        "path-length",
        "policies",
        "crl-urls",
        "issuer-urls",
        "ocsp-urls",
        "ocsp-no-check",
        "waive",
        "linter",
        "from-request",
        "required",
        "wildcards",
        "permitted",
        "excluded",
    ];
    let all = files.concat();
    for field in fields {
        assert!(
            all.lines().any(|line| line.starts_with(&format!("{field} = "))),
            "{field}"
        );
    }
    // pkilint is not in /usr/bin here.
    let linter = crate::harness::python_tool("lint_pkix_cert");
    rig.write(
        "web.toml",
        files[0].replace("\"lint_pkix_cert\"", &format!("{linter:?}")),
    );
    rig.write("department.toml", &files[1]);
    rig.write("our-root.toml", &files[2]);
    let p384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
    make_request(
        &rig,
        "web.csr",
        p384,
        &["-subj", "/CN=x", "-addext", "subjectAltName=DNS:www.example.com"],
    );
    make_request(&rig, "department.csr", p384, &["-subj", "/CN=Department"]);
    for name in ["web", "department"] {
        let (request, out, profile) = (
            format!("{name}.csr"),
            format!("{name}.crt"),
            format!("{name}.toml"),
        );
        let sign = [
            "csr",
            "sign",
            &request,
            "--ca",
            "customerCA.crt",
            "--profile",
            &profile,
            "--out",
            &out,
        ];
        rig.json(&sign).ok();
        openssl(
            &rig,
            &["verify", "-x509_strict", "-CAfile", "customerCA.crt", &out],
        );
    }
    let text = openssl(&rig, &["x509", "-in", "web.crt", "-noout", "-text"]);
    for wanted in [
        "Policy: 2.23.140.1.2.1",
        "CPS: https://example.com/cps",
        "URI:http://crl.example.com/1.crl",
        "CA Issuers - URI:http://crl.example.com/ca.crt",
        "OCSP - URI:http://ocsp.example.com/",
        "TLS Web Server Authentication, 1.3.6.1.4.1.99999.1",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let text = openssl(&rig, &["x509", "-in", "department.crt", "-noout", "-text"]);
    for wanted in [
        "Permitted:",
        "DNS:example.com",
        "IP:10.0.0.0/255.0.0.0",
        "DirName:C = US, O = Example",
        "Excluded:",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    // The token's key is RSA, the root's profile is for P-384.
    let create = [
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=x",
        "--out",
        "r.crt",
        "--profile",
        "our-root.toml",
    ];
    rig.json(&create).refused(3, "rule");
}
