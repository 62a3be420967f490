//! Signatures by other programs: RSASSA-PSS with every salt, and SHA-224, which AWS accepts for a cluster's certificates and this program
//! does not make. openssl makes and judges them.

use hsm_ca::output::encode_pem;
use hsm_ca::x509::CertificationRequest;
use serde_json::Value;

use crate::csr_sign::refused_requests::Desk;
use crate::harness::Rig;
use crate::oracle::openssl;

const HASHES: [&str; 4] = ["-sha224", "-sha256", "-sha384", "-sha512"];
const PSS: [&str; 2] = ["-sigopt", "rsa_padding_mode:pss"];

/// A key by openssl in `name`.
fn make_key(rig: &Rig, name: &str, algorithm: &str, options: &[&str]) {
    let mut arguments = vec!["genpkey", "-algorithm", algorithm, "-out", name];
    for option in options {
        arguments.extend(["-pkeyopt", option]);
    }
    openssl(rig, &arguments);
}

/// A self-signed CA certificate and a request with that signature. This program accepts what openssl accepts.
#[track_caller]
fn assert_reads(rig: &Rig, key: &str, options: &[&str]) {
    let subject = ["-key", key, "-subj", "/CN=Foreign/O=Example"];
    openssl(
        rig,
        &[&["req", "-x509", "-out", "ca.crt"], &subject[..], options].concat(),
    );
    openssl(
        rig,
        &[&["req", "-new", "-out", "a.csr"], &subject[..], options].concat(),
    );
    assert_eq!(verdicts(rig, "ca.crt", "a.csr"), [true; 4], "{key} {options:?}");
    assert_bent_are_refused(rig, &format!("{key} {options:?}"));
}

/// Each with one bit changed, in the signature and in the signed part.
#[track_caller]
fn assert_bent_are_refused(rig: &Rig, of: &str) {
    let der = |command: &str, from: &str| {
        openssl(
            rig,
            &[command, "-in", from, "-outform", "DER", "-out", "bent.der"],
        );
        rig.read("bent.der")
    };
    let bent = |whole: &[u8], label: &str, at: usize, name: &str| {
        let mut der = whole.to_vec();
        der[at] ^= 1;
        rig.write(name, encode_pem(label, &der));
    };
    let (certificate, request) = (der("x509", "ca.crt"), der("req", "a.csr"));
    let name = |der: &[u8]| {
        der.windows(7)
            .position(|window| window == b"Foreign")
            .expect("the name")
    };
    for at in [
        [certificate.len() - 1, request.len() - 1],
        [name(&certificate), name(&request)],
    ] {
        bent(&certificate, "CERTIFICATE", at[0], "bent.crt");
        bent(&request, "CERTIFICATE REQUEST", at[1], "bent.csr");
        assert_eq!(verdicts(rig, "bent.crt", "bent.csr"), [false; 4], "{of} {at:?}");
    }
}

/// The verdicts of openssl and this program on a self-signed certificate and on a request.
fn verdicts(rig: &Rig, certificate: &str, request: &str) -> [bool; 4] {
    let verify = ["verify", "-check_ss_sig", "-CAfile", certificate, certificate];
    let ours = rig.command(&["cert", "verify", certificate, "--ca", certificate]);
    assert!(matches!(ours.code, Some(0 | 3)), "{ours:#?}");
    // In this process, because `csr show` also searches the key for factors, which takes half a second.
    let read = CertificationRequest::read(&rig.read(request)).expect("a request");
    [
        rig.tool("openssl", &verify).code == Some(0),
        ours.code == Some(0),
        // Its exit code is 0 either way.
        rig.tool("openssl", &["req", "-verify", "-noout", "-in", request])
            .stderr
            .contains("verify OK"),
        read.verify().is_ok(),
    ]
}

fn show(rig: &Rig, request: &str) -> Value {
    rig.json(&["csr", "show", request]).ok().json()
}

#[test]
fn pkcs1_signatures_with_every_hash_that_aws_takes() {
    let rig = Rig::new();
    make_key(&rig, "rsa", "RSA", &["rsa_keygen_bits:2048"]);
    for hash in HASHES {
        assert_reads(&rig, "rsa", &[hash]);
    }
    make_key(&rig, "rsa", "RSA", &["rsa_keygen_bits:3072"]);
    assert_reads(&rig, "rsa", &["-sha224"]);
}

#[test]
fn ecdsa_signatures_with_every_hash_that_aws_takes() {
    let rig = Rig::new();
    for curve in ["P-256", "P-384", "P-521"] {
        make_key(&rig, "ec", "EC", &[&format!("ec_paramgen_curve:{curve}")]);
        for hash in HASHES {
            assert_reads(&rig, "ec", &[hash]);
        }
    }
}

#[test]
fn pss_signatures_with_every_hash_and_salt() {
    let rig = Rig::new();
    make_key(&rig, "rsa", "RSA", &["rsa_keygen_bits:2048"]);
    for hash in HASHES {
        // As long as the hash, as long as possible (openssl's own choice before 3.1), the default of RFC 4055, and none.
        for salt in ["digest", "max", "20", "0"] {
            let salt = format!("rsa_pss_saltlen:{salt}");
            assert_reads(&rig, "rsa", &[&PSS[..], &[hash, "-sigopt", &salt]].concat());
        }
    }
    let shown = rig.json(&["cert", "show", "ca.crt"]).ok().json();
    assert_eq!(
        shown["signature_algorithm"],
        "rsassaPss with SHA-512 and a salt of 0 bytes"
    );
}

/// With a modulus of 8k + 1 bits, the encoded message is a byte shorter than the signature; other odd lengths leave bits to clear. With two
/// primes, openssl makes no modulus of odd length.
#[test]
fn pss_signatures_of_keys_of_every_size() {
    let rig = Rig::new();
    for (bits, primes) in [(2049, 3), (2055, 3), (3072, 2), (4096, 2)] {
        let options = [
            format!("rsa_keygen_bits:{bits}"),
            format!("rsa_keygen_primes:{primes}"),
        ];
        make_key(&rig, "rsa", "RSA", &[&options[0], &options[1]]);
        for hash in ["-sha224", "-sha256"] {
            assert_reads(&rig, "rsa", &[&[hash], &PSS[..]].concat());
        }
        assert_eq!(show(&rig, "a.csr")["key_type"], format!("RSA {bits}"));
    }
}

#[test]
fn keys_for_pss_only_with_and_without_restrictions() {
    let rig = Rig::new();
    make_key(&rig, "free", "RSA-PSS", &["rsa_keygen_bits:2048"]);
    for hash in HASHES {
        assert_reads(&rig, "free", &[hash]);
    }
    for hash in ["sha224", "sha256", "sha512"] {
        let options = [
            format!("rsa_pss_keygen_md:{hash}"),
            format!("rsa_pss_keygen_mgf1_md:{hash}"),
        ];
        let salt = "rsa_pss_keygen_saltlen:24";
        make_key(
            &rig,
            "restricted",
            "RSA-PSS",
            &["rsa_keygen_bits:2048", &options[0], &options[1], salt],
        );
        let hash = format!("-{hash}");
        assert_reads(&rig, "restricted", &[&hash]);
        assert_reads(&rig, "restricted", &[&hash, "-sigopt", "rsa_pss_saltlen:100"]);
    }
    assert_eq!(show(&rig, "a.csr")["key_type"], "RSA-PSS 2048");
}

#[test]
fn pss_with_sha_1_is_weak_and_with_two_hashes_of_no_use() {
    let desk = Desk::new();
    make_key(&desk.rig, "rsa", "RSA", &["rsa_keygen_bits:2048"]);
    let request = |options: &[&str]| {
        let new = [
            "req",
            "-new",
            "-key",
            "rsa",
            "-subj",
            "/CN=Foreign",
            "-out",
            "bad.csr",
        ];
        openssl(&desk.rig, &[&new[..], &PSS, options].concat());
    };
    request(&["-sha1"]);
    let weak = desk.refuses("bad.csr", "weak-signature");
    assert!(weak.contains("SHA-1 (rsassaPss)"), "{weak}");
    request(&["-sha256", "-sigopt", "rsa_mgf1_md:sha1"]);
    desk.refuses("bad.csr", "weak-signature");
    request(&["-sha256", "-sigopt", "rsa_mgf1_md:sha512"]);
    let two = desk.refuses("bad.csr", "signature-parameters");
    assert!(two.contains("MGF1 uses a different hash"), "{two}");
    // A key restricted to SHA-1 signatures.
    let only_sha1 = ["rsa_keygen_bits:2048", "rsa_pss_keygen_md:sha1"];
    make_key(&desk.rig, "rsa", "RSA-PSS", &only_sha1);
    request(&["-sha1"]);
    let key = desk.refuses("bad.csr", "key-parameters");
    assert!(key.contains("SHA-1"), "{key}");
}

#[test]
fn a_small_key_is_weak_for_pss_too() {
    let desk = Desk::new();
    for algorithm in ["RSA", "RSA-PSS"] {
        make_key(&desk.rig, "small", algorithm, &["rsa_keygen_bits:1024"]);
        for hash in ["-sha224", "-sha256"] {
            let new = ["req", "-new", "-key", "small", "-subj", "/CN=Foreign", hash];
            openssl(&desk.rig, &[&new[..], &["-out", "small.csr"], &PSS[..]].concat());
            let weak = desk.refuses("small.csr", "weak-key");
            assert!(weak.contains(&format!("{algorithm} 1024")), "{weak}");
        }
        // Its signature is good, so it is not called wrong.
        let new = [
            "req",
            "-x509",
            "-key",
            "small",
            "-subj",
            "/CN=Foreign",
            "-out",
            "small.crt",
        ];
        openssl(&desk.rig, &[&new[..], &PSS[..]].concat());
        let verify = desk
            .rig
            .command(&["cert", "verify", "small.crt", "--ca", "small.crt"]);
        assert_eq!(verify.code, Some(3), "{verify:?}");
        let shown = format!("{}{}", verify.stdout, verify.stderr);
        assert!(
            shown.contains("1024, less than RSA 2048") && !shown.contains("wrong"),
            "{shown}"
        );
    }
}

/// The CA signs such a request with its usual algorithm.
#[test]
fn a_request_with_a_pss_signature_is_signed() {
    let desk = Desk::new();
    make_key(&desk.rig, "rsa", "RSA", &["rsa_keygen_bits:2048"]);
    make_key(&desk.rig, "pss", "RSA-PSS", &["rsa_keygen_bits:2048"]);
    for key in ["rsa", "pss"] {
        let new = [
            "req",
            "-new",
            "-key",
            key,
            "-subj",
            "/CN=Foreign",
            "-out",
            "a.csr",
        ];
        openssl(&desk.rig, &[&new[..], &PSS[..]].concat());
        desk.rig.sign("a.csr").ok();
        let verified = openssl(
            &desk.rig,
            &["verify", "-x509_strict", "-CAfile", "customerCA.crt", "out.crt"],
        );
        assert_eq!(verified, "out.crt: OK\n");
        std::fs::remove_file(desk.rig.path("out.crt")).expect("the certificate");
    }
}
