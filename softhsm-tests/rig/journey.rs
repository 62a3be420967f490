//! The main job from an empty rig to a signed cluster request, for every kind of key, read by other programs.

use crate::harness::{ALIAS, Rig, TokenKind, authority, ready_authority};
use crate::oracle::{assert_accepted, assert_lints, field, make_cluster_request, openssl};

const SPECS: [&str; 6] = [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
];

fn sign_a_cluster_request(spec: &str) {
    let rig = Rig::new().with_authority(spec);
    make_cluster_request(&rig, "cluster.csr");
    let report = rig.sign("cluster.csr").ok().json();
    assert_accepted(&rig, "out.crt", "customerCA.crt");
    assert_lints(&rig, "customerCA.crt");
    let purpose = openssl(
        &rig,
        &[
            "verify",
            "-purpose",
            "sslserver",
            "-CAfile",
            "customerCA.crt",
            "out.crt",
        ],
    );
    assert_eq!(purpose, "out.crt: OK\n");
    rig.command(&["cert", "verify", "out.crt", "--ca", "customerCA.crt"])
        .ok();

    // initialize-cluster accepts only PEM, at most 5,000 characters of AWS's pattern.
    let pem = String::from_utf8(rig.read("out.crt")).expect("ASCII");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n") && pem.ends_with("-----END CERTIFICATE-----\n"));
    assert!(
        pem.len() <= 5000
            && pem
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+,-./=\r\n ".contains(&byte))
    );
    assert_eq!(report["certificates"][0]["pem"], pem);

    // The algorithm for the key, in openssl's names.
    let algorithm = match spec {
        "ECC_NIST_P256" => "ecdsa-with-SHA256",
        "ECC_NIST_P384" => "ecdsa-with-SHA384",
        "ECC_NIST_P521" => "ecdsa-with-SHA512",
        _ => "sha256WithRSAEncryption",
    };
    let text = openssl(&rig, &["x509", "-in", "out.crt", "-noout", "-text"]);
    assert_eq!(
        text.matches(&format!("Signature Algorithm: {algorithm}")).count(),
        2,
        "{text}"
    );
}

#[test]
fn rsa_2048() {
    sign_a_cluster_request(SPECS[0]);
}

#[test]
fn rsa_3072() {
    sign_a_cluster_request(SPECS[1]);
}

#[test]
fn rsa_4096() {
    sign_a_cluster_request(SPECS[2]);
}

#[test]
fn p256() {
    sign_a_cluster_request(SPECS[3]);
}

#[test]
fn p384() {
    sign_a_cluster_request(SPECS[4]);
}

#[test]
fn p521() {
    sign_a_cluster_request(SPECS[5]);
}

#[test]
fn names_are_copied_byte_for_byte() {
    let rig = ready_authority();
    make_cluster_request(&rig, "cluster.csr");
    rig.sign("cluster.csr").ok();
    // In a request the subject is the second field at depth 2; in a certificate issuer and subject are the SEQUENCEs
    // after the serial number and the algorithm.
    let asked = field(&rig, &rig.path("cluster.csr"), 2, 1);
    let listing = openssl(&rig, &["asn1parse", "-in", "out.crt"]);
    let at_depth_2: Vec<_> = listing.lines().filter(|line| line.contains("d=2 ")).collect();
    assert!(
        at_depth_2[1].contains("INTEGER") && at_depth_2[5].contains("SEQUENCE"),
        "{listing}"
    );
    assert_eq!(field(&rig, &rig.path("out.crt"), 2, 5), asked);
    let authority = field(&rig, &rig.path("customerCA.crt"), 2, 5);
    assert_eq!(field(&rig, &rig.path("out.crt"), 2, 3), authority);
    assert_ne!(asked, authority);
    assert!(
        openssl(&rig, &["req", "-in", "cluster.csr", "-noout", "-subject"]).contains("+"),
        "a multi-valued RDN"
    );
}

#[test]
fn the_ca_certificate_has_exactly_the_right_contents() {
    let rig = ready_authority();
    let text = openssl(
        &rig,
        &[
            "x509",
            "-in",
            "customerCA.crt",
            "-noout",
            "-ext",
            "basicConstraints,keyUsage,subjectKeyIdentifier",
        ],
    );
    assert!(
        text.contains("Basic Constraints: critical\n    CA:TRUE\n"),
        "{text}"
    );
    assert!(
        text.contains("Key Usage: critical\n    Certificate Sign, CRL Sign\n"),
        "{text}"
    );
    let all = openssl(&rig, &["x509", "-in", "customerCA.crt", "-noout", "-text"]);
    assert_eq!(
        all.matches("X509v3 ").count(),
        4,
        "three extensions and their heading: {all}"
    );
    let identifier = rig.json(&["key", "show", "customer-ca"]).ok().json()["id"]
        .as_str()
        .expect("an id")
        .to_uppercase();
    let with_colons: Vec<_> = identifier
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair))
        .collect();
    assert!(
        all.contains(&with_colons.join(":")),
        "subjectKeyIdentifier is CKA_ID: {all}"
    );
    // 3652 days, to the second, and a serial number of up to 159 bits.
    let dates = openssl(&rig, &["x509", "-in", "customerCA.crt", "-noout", "-dates"]);
    let shown = rig.json(&["cert", "show", "customerCA.crt"]).ok().json();
    let serial = shown["serial_number"].as_str().expect("a serial number");
    assert!(
        serial.len() > 32 && serial.len() <= 40 && (serial.len() < 40 || serial.as_bytes()[0] < b'8'),
        "{serial}"
    );
    let seconds = |name: &str| {
        let line = dates
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .expect("a date");
        rig.tool("date", &["-u", "-d", line, "+%s"])
            .ok()
            .stdout
            .trim()
            .parse::<u64>()
            .expect("seconds")
    };
    // The first and the last second are included (RFC 5280 section 4.1.2.5).
    assert_eq!(
        seconds("notAfter=") - seconds("notBefore=") + 1,
        3652 * 24 * 60 * 60
    );
}

#[test]
fn the_leaf_has_only_the_two_key_identifiers() {
    let rig = authority(TokenKind::SoftHsm, "ECC_NIST_P256");
    make_cluster_request(&rig, "cluster.csr");
    rig.sign("cluster.csr").ok();
    let text = openssl(&rig, &["x509", "-in", "out.crt", "-noout", "-text"]);
    assert!(text.contains("Version: 3 (0x2)"));
    assert_eq!(
        text.matches("X509v3 ").count(),
        3,
        "two extensions and their heading: {text}"
    );
    let of = |certificate, extension| {
        let text = openssl(&rig, &["x509", "-in", certificate, "-noout", "-ext", extension]);
        text.lines().nth(1).expect("a value").trim().to_owned()
    };
    assert_eq!(
        of("out.crt", "authorityKeyIdentifier"),
        of("customerCA.crt", "subjectKeyIdentifier")
    );
    assert_ne!(
        of("out.crt", "subjectKeyIdentifier"),
        of("customerCA.crt", "subjectKeyIdentifier")
    );
}

#[test]
fn years_from_2050_are_generalized_time() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    rig.import().ok();
    let create = |days: &str, out: &str| {
        rig.command(&[
            "ca",
            "create",
            "--key",
            "customer-ca",
            "--subject",
            "CN=Far",
            "--second-certificate",
            "--days",
            days,
            "--out",
            out,
        ])
        .ok();
        openssl(&rig, &["asn1parse", "-in", out])
    };
    assert_eq!(create("3652", "near.crt").matches("UTCTIME").count(), 2);
    let far = create("10000", "far.crt");
    assert_eq!(
        (
            far.matches("UTCTIME").count(),
            far.matches("GENERALIZEDTIME").count()
        ),
        (1, 1),
        "{far}"
    );
    assert_lints(&rig, "far.crt");
    // A leaf under it, which ends in 2050 or later too.
    make_cluster_request(&rig, "cluster.csr");
    rig.command(&[
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "far.crt",
        "--days",
        "9999",
        "--out",
        "leaf.crt",
    ])
    .ok();
    assert_accepted(&rig, "leaf.crt", "far.crt");
}

#[test]
fn the_aws_cli_and_this_program_read_each_others_pair() {
    let rig = Rig::new().with_pair("RSA_2048");
    let printed = rig
        .aws(&[
            "kms",
            "generate-data-key-pair-without-plaintext",
            "--key-id",
            ALIAS,
            "--key-pair-spec",
            "ECC_NIST_P384",
        ])
        .ok()
        .stdout;
    rig.write("cli.json", &printed);
    rig.json(&["kms", "import", "cli.json", "--label", "from-cli"])
        .ok();
    rig.json(&["key", "verify", "from-cli", "--public-key", "cli.json"])
        .ok();

    // In reverse: the AWS CLI decrypts this program's pair file to the private key of its public key.
    let pair: serde_json::Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    let plaintext = rig.decrypt_with_aws_cli();
    rig.write("plaintext.b64", plaintext);
    openssl(
        &rig,
        &[
            "base64",
            "-d",
            "-A",
            "-in",
            "plaintext.b64",
            "-out",
            "plaintext.der",
        ],
    );
    let public = openssl(
        &rig,
        &["pkey", "-inform", "DER", "-in", "plaintext.der", "-pubout"],
    );
    let expected = pair["PublicKey"].as_str().expect("base64");
    assert_eq!(
        public
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect::<String>(),
        expected
    );
}

#[test]
fn several_requests_go_to_a_directory_under_the_names_of_the_guide() {
    let rig = ready_authority();
    make_cluster_request(&rig, "cluster-abc_ClusterCsr.csr");
    make_cluster_request(&rig, "other.csr");
    std::fs::create_dir(rig.path("certs")).expect("a directory");
    let sign = [
        "csr",
        "sign",
        "cluster-abc_ClusterCsr.csr",
        "other.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        "certs",
    ];
    let told = rig.json(&sign).ok().stdout;
    assert_eq!(told.matches("\"result\":\"issued\"").count(), 2, "{told}");
    assert_accepted(
        &rig,
        "certs/cluster-abc_CustomerHsmCertificate.crt",
        "customerCA.crt",
    );
    assert_accepted(&rig, "certs/other.crt", "customerCA.crt");
    let serials: Vec<_> = ["cluster-abc_CustomerHsmCertificate", "other"]
        .map(|name| {
            openssl(
                &rig,
                &["x509", "-in", &format!("certs/{name}.crt"), "-noout", "-serial"],
            )
        })
        .to_vec();
    assert_ne!(serials[0], serials[1]);
}
