//! OCSP responses signed by the token, judged by openssl, GnuTLS, pkilint and Python's cryptography.

use serde_json::{Value, json};

use crate::harness::{Responder, Rig, TokenKind, authority, python_tool, ready_authority};

const READER: &str = r#"
import json, sys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
response = ocsp.load_der_ocsp_response(open(sys.argv[1], "rb").read())
signer = x509.load_pem_x509_certificate(open(sys.argv[2], "rb").read())
key, data = signer.public_key(), (response.signature, response.tbs_response_bytes)
if isinstance(key, rsa.RSAPublicKey):
    key.verify(*data, padding.PKCS1v15(), response.signature_hash_algorithm)
elif isinstance(key, ec.EllipticCurvePublicKey):
    key.verify(*data, ec.ECDSA(response.signature_hash_algorithm))
else:
    key.verify(*data)
stamp = lambda time: time and time.strftime("%Y-%m-%dT%H:%M:%SZ")
def nonce():
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce.hex()
    except x509.ExtensionNotFound:
        return None
def one(single):
    reason = single.revocation_reason
    found = {
        "serial_number": "%x" % single.serial_number,
        "issuer_name_hash": single.issuer_name_hash.hex(),
        "issuer_key_hash": single.issuer_key_hash.hex(),
        "status": single.certificate_status.name.lower(),
        "this_update": stamp(single.this_update_utc),
        "next_update": stamp(single.next_update_utc),
    }
    if found["status"] == "revoked":
        found["revoked_at"] = stamp(single.revocation_time_utc)
        found["reason"] = reason.value if reason else "unspecified"
    return found
print(json.dumps({
    "response_status": response.response_status.name.lower(),
    "produced_at": stamp(response.produced_at_utc),
    "nonce": nonce(),
    "certificates": [one(single) for single in response.responses],
}))
"#;

/// Python's cryptography verifies the signature and reads the same as `ocsp show`.
#[track_caller]
fn assert_read_alike(rig: &Rig, response: &str, signer: &str) {
    let theirs = rig
        .tool(python_tool("python3"), &["-c", READER, response, signer])
        .ok()
        .json();
    let shown = rig.json(&["ocsp", "show", response]).ok().json();
    let mut ours = json!({});
    for field in ["response_status", "produced_at", "nonce", "certificates"] {
        ours[field] = shown[field].clone();
    }
    for single in ours["certificates"].as_array_mut().expect("a list") {
        let serial = single["serial_number"].as_str().expect("a number");
        single["serial_number"] = serial.trim_start_matches('0').into();
        let fields = single.as_object_mut().expect("an object");
        fields.remove("hash_algorithm");
        fields.remove("of_this_ca");
    }
    assert_eq!(ours, theirs);
}

/// All programs verify `r.der` as the answer to `q.der`, and pkilint reports nothing.
#[track_caller]
fn assert_accepted(rig: &Rig, authority: &str, signer: &str, about: &[&str]) -> String {
    // -no_nonce: openssl compares the request's own nonce and adds none.
    let fixed = [
        "ocsp",
        "-no_nonce",
        "-respin",
        "r.der",
        "-reqin",
        "q.der",
        "-CAfile",
        authority,
        "-issuer",
        authority,
    ];
    let run = rig.tool("openssl", &[&fixed[..], about].concat()).ok();
    assert!(run.stderr.contains("Response verify OK"), "{run:#?}");
    let gnutls = [
        "--verify-response",
        "--load-response",
        "r.der",
        "--load-trust",
        authority,
    ];
    let verified = rig.tool("ocsptool", &gnutls).ok();
    assert!(
        verified.stdout.contains("Verifying OCSP Response: Success."),
        "{verified:#?}"
    );
    let lint = |severity| {
        let arguments = ["lint", "-s", severity, "r.der"];
        rig.tool(python_tool("lint_ocsp_response"), &arguments)
            .ok()
            .stdout
    };
    assert_eq!(lint("INFO").trim(), "", "pkilint has findings");
    assert!(
        lint("ALL").contains("OCSPSaneValidityPeriodValidator"),
        "pkilint looked at nothing"
    );
    assert_read_alike(rig, "r.der", signer);
    let shown = rig.json(&["ocsp", "show", "r.der", "--ca", authority, "--request", "q.der"]);
    assert_eq!(shown.ok().json()["verified"], true);
    run.stdout
}

/// Certificates in every state, in one request with both hashes.
#[track_caller]
fn everybody_takes_every_status(responder: &Responder, signer: &str, more: &[&str]) {
    let rig = &responder.rig;
    for name in ["good", "bad", "held", "released"] {
        responder.issue(name);
    }
    responder.revoke("bad.crt", &["--reason", "keyCompromise"]);
    for name in ["held.crt", "released.crt"] {
        responder.revoke(name, &["--reason", "certificateHold"]);
    }
    responder.revoke("released.crt", &["--reason", "removeFromCRL"]);
    let about = [
        "-cert",
        "good.crt",
        "-cert",
        "bad.crt",
        "-sha256",
        "-cert",
        "held.crt",
        "-cert",
        "released.crt",
        "-serial",
        "0x0123456789",
    ];
    responder.ask(&about);
    assert_eq!(
        responder.statuses(more),
        ["good", "revoked", "revoked", "good", "unknown"]
    );
    let said = assert_accepted(rig, "customerCA.crt", signer, &about);
    for line in [
        "good.crt: good",
        "bad.crt: revoked",
        "Reason: keyCompromise",
        "held.crt: revoked",
        "Reason: certificateHold",
        "released.crt: good",
        "0x0123456789: unknown",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    // Without a nonce, like prepared responses, and with the signer identified by key.
    responder.ask(&["-no_nonce", "-cert", "good.crt"]);
    let by_key = [more, &["--responder-id", "key", "--days", "168h"]].concat();
    let answer = responder.respond(&by_key).ok().json();
    assert_eq!(answer["nonce"], Value::Null);
    assert!(answer["responder"].as_str().expect("who").starts_with("key "));
    assert_read_alike(rig, "r.der", signer);
    let checked = [
        "ocsp",
        "-respin",
        "r.der",
        "-no_nonce",
        "-CAfile",
        "customerCA.crt",
    ];
    let asked = ["-issuer", "customerCA.crt", "-cert", "good.crt"];
    let run = rig.tool("openssl", &[&checked[..], &asked].concat()).ok();
    assert!(run.stderr.contains("Response verify OK"), "{run:#?}");
    rig.command(&["ledger", "verify"]).ok();
}

#[test]
fn all_programs_accept_a_response_signed_by_an_rsa_ca() {
    let responder = Responder {
        rig: ready_authority(),
    };
    everybody_takes_every_status(&responder, "customerCA.crt", &[]);
    // With the same key and other algorithms.
    let rig = &responder.rig;
    for more in [
        &["--pss"][..],
        &["--hash", "sha512"],
        &["--pss", "--hash", "sha384"],
    ] {
        responder.ask(&["-cert", "good.crt"]);
        responder.respond(more).ok();
        let fixed = ["ocsp", "-respin", "r.der", "-no_nonce", "-reqin", "q.der"];
        let asked = [
            "-CAfile",
            "customerCA.crt",
            "-issuer",
            "customerCA.crt",
            "-cert",
            "good.crt",
        ];
        let run = rig.tool("openssl", &[&fixed[..], &asked].concat()).ok();
        assert!(run.stderr.contains("Response verify OK"), "{more:?}: {run:#?}");
        // GnuTLS 3.7 assumes SHA-256 for every RSASSA-PSS signature on a response, even openssl's.
        if more != ["--pss", "--hash", "sha384"] {
            let load = ["--load-response", "r.der", "--load-trust", "customerCA.crt"];
            let run = rig.tool("ocsptool", &[&["--verify-response"], &load[..]].concat());
            run.ok();
        }
        let show = ["ocsp", "show", "r.der", "--ca", "customerCA.crt"];
        assert_eq!(rig.json(&show).ok().json()["verified"], true);
    }
}

#[test]
fn all_programs_accept_a_response_signed_by_a_p256_ca() {
    let responder = Responder {
        rig: authority(TokenKind::SoftHsm, "ECC_NIST_P256"),
    };
    everybody_takes_every_status(&responder, "customerCA.crt", &[]);
}

#[test]
fn all_programs_accept_a_response_of_a_delegated_signer() {
    for spec in ["RSA_2048", "ECC_NIST_P384"] {
        let rig = ready_authority();
        let responder = Responder { rig }.with_signer(spec);
        everybody_takes_every_status(&responder, "signer.crt", &["--signer", "signer.crt"]);
        // The signer's own name and key, not the CA's, and found by its key or its label.
        let rig = &responder.rig;
        let entries = rig.json(&["ledger", "list", "--last", "1"]).ok().json();
        let last = &entries["entries"][0];
        assert_eq!(last["object_kind"], "ocsp-response", "{entries}");
        assert_eq!(last["signer"], "CN=OCSP", "{entries}");
        responder
            .respond(&["--signer", "signer.crt", "--key", "ocsp"])
            .ok();
        // The CA's key is not the signer's.
        let wrong = responder.respond(&["--signer", "signer.crt", "--key", "customer-ca"]);
        let why = wrong.refused(3, "rule");
        assert!(why.contains("signing-key"), "{why}");
    }
}

/// On Kryoptic: SoftHSM 2.6.1 imports no Ed25519 key. GnuTLS and openssl 3.0 verify it as the rest.
#[test]
fn openssl_accepts_a_response_signed_with_ed25519() {
    let rig = authority(TokenKind::Kryoptic, "RSA_2048");
    let responder = Responder { rig }.with_signer("ECC_NIST_EDWARDS25519");
    everybody_takes_every_status(&responder, "signer.crt", &["--signer", "signer.crt"]);
}

/// Keys that openssl 3.0 and GnuTLS 3.7 do not know; Python's cryptography does.
#[test]
fn python_accepts_a_response_signed_with_ml_dsa() {
    let rig = Rig::of(TokenKind::Kryoptic);
    for (label, kind) in [("ca", "ml-dsa-65"), ("ocsp", "ml-dsa-44")] {
        rig.command(&["key", "generate", "--label", label, "--type", kind])
            .ok();
    }
    let create = ["ca", "create", "--key", "ca", "--profile", "root"];
    rig.command(
        &[
            &create[..],
            &["--subject", "CN=Test CA", "--out", "customerCA.crt"],
        ]
        .concat(),
    )
    .ok();
    let request = ["csr", "create", "--key", "ocsp", "--subject", "CN=OCSP"];
    rig.command(&[&request[..], &["--out", "signer.csr"]].concat())
        .ok();
    let responder = Responder { rig };
    responder.sign("signer.csr", "ocsp-signer", "signer.crt");
    let rig = &responder.rig;
    let ask = r#"
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
issuer, one = (x509.load_pem_x509_certificate(open(name, "rb").read()) for name in ["customerCA.crt", "signer.crt"])
request = ocsp.OCSPRequestBuilder().add_certificate(one, issuer, hashes.SHA256()).build()
open("q.der", "wb").write(request.public_bytes(serialization.Encoding.DER))
"#;
    rig.tool(python_tool("python3"), &["-c", ask]).ok();
    for (more, signer) in [
        (&[][..], "customerCA.crt"),
        (&["--signer", "signer.crt"], "signer.crt"),
    ] {
        assert_eq!(responder.statuses(more), ["good"]);
        assert_read_alike(rig, "r.der", signer);
        let show = [
            "ocsp",
            "show",
            "r.der",
            "--ca",
            "customerCA.crt",
            "--request",
            "q.der",
        ];
        assert_eq!(rig.json(&show).ok().json()["verified"], true);
    }
}
