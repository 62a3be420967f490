//! What `cluster initialize` refuses before it calls AWS. The AWS CLI sends each case to the local AWS too, so that nothing is accepted
//! here that AWS refuses.

use crate::cluster::initialize::{arguments, initialize};
use crate::harness::{HSM1, HSM2, LocalCluster, Weather};
use crate::local_cluster::states::{make_authority, sign};
use crate::oracle::openssl;

use super::initialize_bench::{Bench, CONSTRAINTS, RSA};

#[test]
fn a_file_that_is_more_or_less_than_one_certificate_is_refused() {
    let bench = Bench::new(HSM1, "INITBADFILE");
    let rig = &bench.rig;
    let (signed, anchor) = (bench.text("signed.crt"), bench.text("customerCA.crt"));
    for (file, good, name) in [
        ("signed.crt", &signed, "the signed certificate"),
        ("customerCA.crt", &anchor, "the trust anchor"),
    ] {
        let dump = openssl(rig, &["x509", "-in", file, "-text"]);
        for (text, kind, words) in [
            (
                dump,
                "pem-text",
                "text in addition to the PEM block (':' in line 1)",
            ),
            (
                format!("Bag Attributes\n    localKeyID: 01\n{good}"),
                "pem-text",
                "(':' in line 2)",
            ),
            (format!("{good}# of the cluster\n"), "pem-text", "('#' in line"),
            (
                format!("{good}{}", "\n".repeat(5001 - good.len())),
                "pem-length",
                "5001 characters",
            ),
            (String::new(), "empty", "empty"),
            ("\n\n".to_owned(), "empty", "empty"),
            ("certificate\n".to_owned(), "malformed", "neither a PEM block"),
            (good.replace("MII", "M*I"), "malformed", "not base64"),
            (good[..good.len() / 2].to_owned(), "malformed", "no END line"),
        ] {
            rig.write(file, text);
            bench.refuses(kind, words);
            bench.refuses_alone(kind, name);
            bench.refuses_alone(kind, file);
        }
        rig.write(file, good);
    }
    rig.write("signed.crt", format!("{signed}{signed}"));
    bench.refuses(
        "several-certificates",
        "2 certificates where the signed certificate alone",
    );
    rig.write("signed.crt", rig.read("cluster.csr"));
    bench.refuses("request", "a CSR where the signed certificate");
    rig.write("signed.crt", &anchor);
    bench.refuses("files-mixed-up", "the same certificate");
    rig.write("customerCA.crt", &signed);
    bench.refuses("files-mixed-up", "swapped");
    // Not documented by AWS: text of allowed characters.
    rig.write("signed.crt", format!("{signed}hello\n"));
    rig.write("customerCA.crt", &anchor);
    bench.refuses_what_aws_takes("pem-text", "text after the PEM block");
}

#[test]
fn a_private_key_is_neither_sent_nor_shown() {
    let bench = Bench::new(HSM1, "INITPRIVATEKEY");
    let rig = &bench.rig;
    let key = bench.text("customerCA.key");
    let broken = key.replacen("KEY-----", "KEY----", 1);
    let der = [
        "pkey",
        "-in",
        "customerCA.key",
        "-outform",
        "DER",
        "-out",
        "key.der",
    ];
    openssl(rig, &der);
    let together = bench.text("customerCA.crt") + &key;
    for file in ["signed.crt", "customerCA.crt"] {
        for (content, kind) in [
            (key.clone().into_bytes(), "private-key"),
            (together.clone().into_bytes(), "private-key"),
            (broken.clone().into_bytes(), "malformed"),
            (rig.read("key.der"), "malformed"),
        ] {
            let good = rig.read(file);
            rig.write(file, content);
            for options in [&["--format", "json"][..], &["-v"]] {
                let arguments = arguments(bench.cluster.id(), &["--wait"]);
                let run = rig.command(&[options, &arguments[..]].concat());
                assert_eq!(run.code, Some(3), "{run:?}");
                for line in key.lines().filter(|line| line.len() == 64) {
                    assert!(!run.stderr.contains(&line[..12]), "{run:?}");
                }
            }
            initialize(rig, &bench.cluster, &[]).refused(3, kind);
            rig.write(file, good);
        }
    }
    // Not even the state was queried.
    assert_eq!(Weather::of("INITPRIVATEKEY").calls(), [""; 0]);
}

#[test]
fn a_trust_anchor_that_is_not_a_ca_is_refused() {
    let bench = Bench::new(HSM1, "INITANCHOR");
    for (key, extensions, kind, words) in [
        (
            RSA,
            &["basicConstraints=critical,CA:FALSE"][..],
            "anchor-no-authority",
            "CA:FALSE",
        ),
        (
            RSA,
            &["keyUsage=critical,keyCertSign"],
            "anchor-no-authority",
            "no basicConstraints",
        ),
        (
            RSA,
            &[CONSTRAINTS, "keyUsage=critical,digitalSignature"],
            "anchor-no-authority",
            "keyUsage does not include keyCertSign",
        ),
        (
            &["-newkey", "rsa:1024"],
            &[CONSTRAINTS],
            "algorithm",
            "the key is RSA 1024",
        ),
        (
            &["-newkey", "rsa:2560"],
            &[CONSTRAINTS],
            "algorithm",
            "the key is RSA 2560",
        ),
        (
            &["-newkey", "ed25519"],
            &[CONSTRAINTS],
            "algorithm",
            "the key is Ed25519",
        ),
        (
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
            &[CONSTRAINTS],
            "algorithm",
            "the key is EC secp256k1",
        ),
        (
            &["-newkey", "rsa:2048", "-sha1"],
            &[CONSTRAINTS],
            "algorithm",
            "SHA-1",
        ),
    ] {
        bench.authority(key, extensions);
        bench.refuses(kind, words);
    }
    bench.authority(RSA, &[CONSTRAINTS]);
    bench.dated_authority("2020-01-01 00:00:00", "2021-01-01 00:00:00");
    bench.refuses("not-valid-now", "the trust anchor is valid from 2020-01-01");
    bench.dated_authority("2046-01-01 00:00:00", "2047-01-01 00:00:00");
    bench.refuses("not-valid-now", "the trust anchor is valid from 2046-01-01");
}

#[test]
fn a_trust_anchor_that_is_not_self_signed_is_refused() {
    let bench = Bench::new(HSM2, "INITNOTSELF");
    let rig = &bench.rig;
    // The last byte belongs to the signature.
    let der = [
        "x509",
        "-in",
        "customerCA.crt",
        "-outform",
        "DER",
        "-out",
        "anchor.der",
    ];
    openssl(rig, &der);
    let mut anchor = rig.read("anchor.der");
    *anchor.last_mut().expect("a byte") ^= 1;
    rig.write("anchor.der", anchor);
    // Not with -inform PEM -outform PEM: openssl encodes what it read.
    openssl(rig, &["x509", "-in", "anchor.der", "-out", "customerCA.crt"]);
    bench.refuses("bad-signature", "is not self-signed");

    // An intermediate CA, alone and in a chain, which AWS's newer guide allows and the API reference does not.
    bench.restore();
    let request = [
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=Issuing",
    ];
    openssl(
        rig,
        &[&request[..], &["-keyout", "ica.key", "-out", "ica.csr"]].concat(),
    );
    rig.write("ica.ext", CONSTRAINTS);
    let issue = [
        "x509", "-req", "-in", "ica.csr", "-extfile", "ica.ext", "-out", "ica.crt", "-days", "3652",
    ];
    let issuer = ["-CA", "customerCA.crt", "-CAkey", "customerCA.key"];
    openssl(rig, &[&issue[..], &issuer].concat());
    let chain = [rig.read("ica.crt"), rig.read("customerCA.crt")].concat();
    rig.write("customerCA.key", rig.read("ica.key"));
    rig.write("customerCA.crt", rig.read("ica.crt"));
    sign(rig, &bench.cluster);
    bench.refuses("anchor-not-self-signed", "\"CN=Example\" issued it");
    rig.write("customerCA.crt", chain);
    bench.refuses_what_aws_takes(
        "several-certificates",
        "2 certificates where the trust anchor alone",
    );
}

#[test]
fn a_mismatching_signed_certificate_is_refused() {
    let bench = Bench::new(HSM2, "INITSIGNED");
    let rig = &bench.rig;
    bench.leaf(&["-days", "-1"], "");
    bench.refuses("not-valid-now", "the signed certificate is valid from");
    bench.leaf(&["-days", "9", "-sha1"], "");
    bench.refuses("algorithm", "the signed certificate: it is signed with SHA-1");

    // A CA of the same name, and one of another.
    bench.restore();
    make_authority(rig);
    bench.refuses("not-issued-by-anchor", "does not verify");
    let other = [
        "req",
        "-new",
        "-x509",
        "-nodes",
        "-subj",
        "/CN=Another",
        "-days",
        "3652",
    ];
    let files = [
        "-newkey",
        "rsa:2048",
        "-keyout",
        "other.key",
        "-out",
        "customerCA.crt",
    ];
    openssl(rig, &[&other[..], &files].concat());
    bench.refuses(
        "not-issued-by-anchor",
        "its issuer is \"CN=Example\", the trust anchor is \"CN=Another\"",
    );

    // For the HSM that AWS has replaced.
    bench.restore();
    bench.cluster.replace_hsm();
    bench.refuses("other-key", "another key than the CSR");
    sign(rig, &LocalCluster::create(HSM2, ""));
    bench.refuses("other-key", "another key than the CSR");
}

#[test]
fn a_certificate_that_aws_accepts_but_no_client_would_is_refused() {
    for (extensions, words) in [
        ("extendedKeyUsage=clientAuth", "does not include serverAuth"),
        ("keyUsage=keyCertSign", "cannot be used in TLS"),
        ("1.2.3.4=critical,DER:0500", "critical extension"),
        (
            "authorityKeyIdentifier=DER:301680140000000000000000000000000000000000000000",
            "authorityKeyIdentifier is not",
        ),
    ] {
        let bench = Bench::new(HSM1, "INITUSELESS");
        bench.leaf(&["-days", "3652"], extensions);
        let verify = [
            "verify",
            "-purpose",
            "sslserver",
            "-CAfile",
            "customerCA.crt",
            "signed.crt",
        ];
        assert_ne!(
            bench.rig.tool("openssl", &verify).code,
            Some(0),
            "openssl agrees: {extensions}"
        );
        bench.refuses_what_aws_takes("not-for-servers", words);
    }
}
