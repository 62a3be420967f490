//! Faulty CA certificates.

use crate::harness::{Rig, ready_authority};
use crate::oracle::{make_cluster_request, openssl};

/// A rig with a request, and no CA yet.
fn desk() -> Rig {
    let rig = Rig::new();
    make_cluster_request(&rig, "cluster.csr");
    rig
}

/// A self-signed certificate by openssl, whose key is on no token.
fn self_signed(rig: &Rig, more: &[&str]) {
    let base = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "customerCA.crt",
        "-subj",
        "/CN=Other CA",
    ];
    openssl(rig, &[&base[..], more].concat());
}

#[test]
fn a_root_that_is_not_a_ca() {
    let rig = desk();
    self_signed(&rig, &["-addext", "basicConstraints=critical,CA:FALSE"]);
    assert!(
        rig.sign("cluster.csr")
            .refused(3, "not-a-ca")
            .contains("CA:FALSE")
    );
    self_signed(&rig, &["-addext", "keyUsage=critical,digitalSignature"]);
    assert!(
        rig.sign("cluster.csr")
            .refused(3, "not-a-ca")
            .contains("keyCertSign")
    );
    // X.509 v1 cannot say that it is a CA.
    openssl(
        &rig,
        &[
            "x509",
            "-req",
            "-in",
            "cluster.csr",
            "-signkey",
            "request.key",
            "-out",
            "customerCA.crt",
        ],
    );
    assert!(rig.sign("cluster.csr").refused(3, "not-a-ca").contains("v1"));
    assert!(!rig.path("out.crt").exists());
}

#[test]
fn one_that_has_expired_or_is_not_valid_yet() {
    let rig = desk();
    rig.tool(
        "certtool",
        &[
            "--generate-privkey",
            "--key-type",
            "rsa",
            "--bits",
            "2048",
            "--outfile",
            "ca.key",
        ],
    )
    .ok();
    for (activation, expiration) in [
        ("2020-01-01 00:00:00", "2021-01-01 00:00:00"),
        ("2090-01-01 00:00:00", "2091-01-01 00:00:00"),
    ] {
        rig.write(
            "template",
            format!("cn=Old CA\nca\ncert_signing_key\nactivation_date=\"{activation}\"\nexpiration_date=\"{expiration}\"\n"),
        );
        rig.tool(
            "certtool",
            &[
                "--generate-self-signed",
                "--load-privkey",
                "ca.key",
                "--template",
                "template",
                "--outfile",
                "customerCA.crt",
            ],
        )
        .ok();
        let message = rig.sign("cluster.csr").refused(3, "ca-not-valid");
        assert!(
            message.contains(&expiration[..4]) && message.starts_with("customerCA.crt: "),
            "{message}"
        );
    }
}

#[test]
fn one_whose_key_is_not_on_the_token() {
    let rig = desk();
    self_signed(&rig, &[]);
    rig.adopt("customerCA.crt");
    let message = rig.sign("cluster.csr").refused(4, "no-key");
    assert!(message.contains("no private keys"), "{message}");
    // If the token has other keys, they are listed.
    let authority = ready_authority();
    let rig = rig.with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml"));
    rig.adopt("customerCA.crt");
    assert!(
        rig.sign("cluster.csr")
            .refused(4, "no-key")
            .contains("\"customer-ca\"")
    );
    // A named key that is not the CA certificate's.
    let named = rig.json(&[
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--key",
        "customer-ca",
        "--out",
        "out.crt",
    ]);
    assert!(named.refused(3, "rule").contains("not the issuer's"));
    let absent = rig.json(&[
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--key",
        "nosuch",
        "--out",
        "out.crt",
    ]);
    absent.refused(4, "no-key");
    assert!(!rig.path("out.crt").exists());
}

#[test]
fn validity_stays_inside_the_cas() {
    let authority = ready_authority();
    let rig = desk().with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml"));
    rig.write("customerCA.crt", authority.read("customerCA.crt"));
    let with_days = |days: &str, out: &str| {
        rig.json(&[
            "csr",
            "sign",
            "cluster.csr",
            "--ca",
            "customerCA.crt",
            "--days",
            days,
            "--out",
            out,
        ])
    };
    with_days("3653", "out.crt").refused(3, "outlives-ca");
    with_days("0", "out.crt").refused(2, "usage");
    with_days("100", "short.crt").ok();
    // Without --days, it ends no later than the CA.
    rig.sign("cluster.csr").ok();
    let end = |name: &str| openssl(&rig, &["x509", "-in", name, "-noout", "-enddate"]);
    assert_eq!(end("out.crt"), end("customerCA.crt"));
    assert_ne!(end("short.crt"), end("customerCA.crt"));
}

#[test]
fn files_that_are_not_a_certificate() {
    let rig = desk();
    rig.write("customerCA.crt", "hello");
    rig.sign("cluster.csr").refused(3, "malformed");
    rig.write("customerCA.crt", "");
    rig.sign("cluster.csr").refused(3, "empty");
    self_signed(&rig, &[]);
    rig.write("customerCA.crt", rig.read("customerCA.crt").repeat(2));
    rig.sign("cluster.csr").refused(3, "several-pem");
    std::fs::remove_file(rig.path("customerCA.crt")).expect("removed");
    rig.sign("cluster.csr").refused(2, "unreadable-file");
}

#[test]
fn a_subject_or_profile_or_hash_that_cannot_be() {
    let authority = ready_authority();
    let rig = Rig::new().with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml"));
    let create = |subject: &str, more: &[&str]| {
        rig.json(
            &[
                &[
                    "ca",
                    "create",
                    "--key",
                    "customer-ca",
                    "--subject",
                    subject,
                    "--out",
                    "ca.crt",
                ],
                more,
            ]
            .concat(),
        )
    };
    for subject in ["", "/CN=a", "CN=", "C=usa,CN=a", "nonsense", "CN=a\u{7}b"] {
        create(subject, &[]).refused(2, "subject");
    }
    create("CN=a", &["--profile", "nosuch"]).refused(2, "profile");
    create("CN=a", &["--profile", "cloudhsm-cluster"]).refused(2, "profile");
    create("CN=a", &["--days", "99999999"]).refused(2, "validity");
    create("CN=a", &["--hash", "md5"]).refused(2, "usage");
    create("CN=a", &["--hash", "sha512"]).ok();
    assert!(openssl(&rig, &["x509", "-in", "ca.crt", "-noout", "-text"]).contains("sha512WithRSAEncryption"));
}

#[test]
fn a_hash_weaker_than_the_curve_is_refused() {
    let rig = Rig::new().with_pair("ECC_NIST_P384");
    rig.import().ok();
    let weak = [
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=a",
        "--hash",
        "sha256",
        "--out",
        "ca.crt",
    ];
    rig.json(&weak).refused(3, "weak-hash");
}

#[test]
fn cert_verify_says_which_step_fails() {
    let rig = ready_authority();
    make_cluster_request(&rig, "cluster.csr");
    rig.sign("cluster.csr").ok();
    let verify = |certificate: &str, authority: &str| {
        let run = rig.json(&["cert", "verify", certificate, "--ca", authority]);
        let report = run.json();
        let failed: Vec<String> = report["checks"]
            .as_array()
            .expect("steps")
            .iter()
            .filter(|step| step["state"] == "failed")
            .map(|step| step["check"].as_str().expect("a name").to_owned())
            .collect();
        (run.code, failed)
    };
    assert_eq!(verify("out.crt", "customerCA.crt"), (Some(0), vec![]));
    assert_eq!(verify("customerCA.crt", "customerCA.crt"), (Some(0), vec![]));
    assert_eq!(
        verify("customerCA.crt", "out.crt"),
        (Some(3), vec!["issuer".to_owned()])
    );

    // A CA of the same name and another key.
    openssl(
        &rig,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "k",
            "-out",
            "impostor.crt",
            "-subj",
            "/C=US/O=Test/CN=Test CA",
            "-utf8",
        ],
    );
    let (code, failed) = verify("out.crt", "impostor.crt");
    assert_eq!(code, Some(3));
    assert!(
        failed == ["signature", "key-identifiers"] || failed == ["issuer"],
        "{failed:?}"
    );
}

#[test]
fn one_whose_own_signature_is_broken() {
    let rig = ready_authority();
    make_cluster_request(&rig, "cluster.csr");
    openssl(
        &rig,
        &[
            "x509",
            "-in",
            "customerCA.crt",
            "-outform",
            "DER",
            "-out",
            "ca.der",
        ],
    );
    let mut der = rig.read("ca.der");
    // The name that would be copied into the certificate.
    while let Some(at) = der.windows(7).position(|window| window == b"Test CA") {
        der[at] = b'B';
    }
    rig.write("customerCA.crt", &der);
    let message = rig.sign("cluster.csr").refused(3, "bad-signature");
    assert!(message.starts_with("customerCA.crt: "), "{message}");
}

#[test]
fn cert_verify_fails_an_unprocessed_extension() {
    let rig = desk();
    self_signed(
        &rig,
        &[
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-addext",
            "policyConstraints=critical,requireExplicitPolicy:3",
        ],
    );
    openssl(
        &rig,
        &[
            "x509",
            "-req",
            "-in",
            "cluster.csr",
            "-CA",
            "customerCA.crt",
            "-CAkey",
            "ca.key",
            "-out",
            "leaf.crt",
        ],
    );
    let run = rig.json(&["cert", "verify", "leaf.crt", "--ca", "customerCA.crt"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("policyConstraints"), "{run:?}");
    rig.sign("cluster.csr").refused(3, "not-a-ca");
}
