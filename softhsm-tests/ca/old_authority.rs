//! A CA that `openssl ca` has run for some time, with its certificates, index and CRLs.

use std::fs;

use serde_json::Value;

use crate::harness::{Rig, Run};
use crate::oracle::openssl;

/// A CA of openssl's with a database: `good`, `bad` (keyCompromise), `held` (certificateHold) and `gone` (superseded) were issued, and
/// CRL 4097 was signed. Its key is on the token as `ca`; `old/ca.crt` is its certificate.
pub(crate) fn openssl_authority() -> Rig {
    let rig = Rig::new();
    fs::create_dir_all(rig.path("old/newcerts")).expect("a directory");
    rig.write(
        "old/openssl.cnf",
        "[ca]\ndefault_ca = d\n[d]\ndatabase = old/index.txt\nnew_certs_dir = old/newcerts\nserial = old/serial\n\
         crlnumber = old/crlnumber\ncertificate = old/ca.crt\nprivate_key = old/ca.key\ndefault_md = sha256\n\
         default_days = 90\ndefault_crl_days = 7\npolicy = p\ncrl_extensions = crl\nunique_subject = no\n[p]\n\
         commonName = supplied\n[crl]\nauthorityKeyIdentifier = keyid\n",
    );
    rig.write("old/index.txt", "");
    rig.write("old/serial", "7A01\n");
    rig.write("old/crlnumber", "1001\n");
    let make = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "old/ca.key",
        "-subj",
        "/O=Old/CN=Old CA",
        "-days",
        "900",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
        "-out",
        "old/ca.crt",
    ];
    openssl(&rig, &make);
    let ca = |arguments: &[&str]| {
        openssl(
            &rig,
            &[&["ca", "-batch", "-config", "old/openssl.cnf"], arguments].concat(),
        );
    };
    for name in ["good", "bad", "held", "gone"] {
        let (csr, crt) = (format!("{name}.csr"), format!("{name}.crt"));
        let subject = format!("/CN={name}");
        let request = [
            "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-subj",
        ];
        openssl(&rig, &[&request[..], &[&subject, "-out", &csr]].concat());
        ca(&["-in", &csr, "-out", &crt, "-notext"]);
    }
    ca(&["-revoke", "bad.crt", "-crl_compromise", "20260101000000Z"]);
    ca(&["-revoke", "held.crt", "-crl_hold", "holdInstructionReject"]);
    ca(&["-revoke", "gone.crt", "-crl_reason", "superseded"]);
    ca(&["-gencrl", "-out", "old/ca.crl"]);
    // The key moves to the token.
    openssl(
        &rig,
        &[
            "pkcs8",
            "-topk8",
            "-nocrypt",
            "-in",
            "old/ca.key",
            "-outform",
            "DER",
            "-out",
            "old/ca.der",
        ],
    );
    rig.pkcs11_tool(&[
        "--write-object",
        "old/ca.der",
        "--type",
        "privkey",
        "--label",
        "ca",
        "--id",
        "01",
    ]);
    openssl(
        &rig,
        &[
            "rsa",
            "-in",
            "old/ca.key",
            "-pubout",
            "-outform",
            "DER",
            "-out",
            "old/pub.der",
        ],
    );
    rig.pkcs11_tool(&[
        "--write-object",
        "old/pub.der",
        "--type",
        "pubkey",
        "--label",
        "ca",
        "--id",
        "01",
    ]);
    rig
}

pub(crate) fn adopt(rig: &Rig, more: &[&str]) -> Run {
    rig.json(&[&["ca", "adopt", "old/ca.crt"], more].concat())
}

pub(crate) fn next_crl(rig: &Rig, out: &str) -> Value {
    rig.json(&["crl", "create", "--ca", "old/ca.crt", "--out", out])
        .ok()
        .json()
}

pub(crate) fn serial(rig: &Rig, file: &str) -> String {
    let shown = openssl(rig, &["x509", "-in", file, "-noout", "-serial"]);
    shown.trim().trim_start_matches("serial=").to_lowercase()
}

pub(crate) fn is_revoked(rig: &Rig, certificate: &str, crl: &str) -> bool {
    rig.write("both.pem", [rig.read("old/ca.crt"), rig.read(crl)].concat());
    let verify = ["verify", "-crl_check", "-CAfile", "both.pem", certificate];
    let run = rig.tool("openssl", &verify);
    match run.code {
        Some(0) => false,
        _ => {
            let said = [run.stdout.as_str(), &run.stderr].concat();
            assert!(said.contains("certificate revoked"), "{run:#?}");
            true
        }
    }
}
