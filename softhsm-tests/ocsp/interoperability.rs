//! OCSP with other programs: their requests, their responses, and TLS servers that staple our responses.

use std::process::{Command, Stdio};

use crate::harness::{EchoServer, Responder, Rig, python_tool, ready_authority};
use crate::oracle::openssl;

#[test]
fn the_requests_of_others_are_answered() {
    let responder = Responder {
        rig: ready_authority(),
    };
    let rig = &responder.rig;
    responder.issue("good");
    let generate = [
        "--generate-request",
        "--load-issuer",
        "customerCA.crt",
        "--load-cert",
        "good.crt",
    ];
    for nonce in ["--nonce", "--no-nonce"] {
        rig.tool(
            "ocsptool",
            &[&generate[..], &[nonce, "--outfile", "q.der"]].concat(),
        )
        .ok();
        assert_eq!(responder.statuses(&[]), ["good"], "{nonce}");
    }
    let python = r#"
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
issuer, good = (x509.load_pem_x509_certificate(open(name, "rb").read()) for name in ["customerCA.crt", "good.crt"])
for name in ["SHA1", "SHA256", "SHA384", "SHA512"]:
    builder = ocsp.OCSPRequestBuilder().add_certificate(good, issuer, getattr(hashes, name)())
    request = builder.add_extension(x509.OCSPNonce(bytes(range(128))), False).build()
    open(name, "wb").write(request.public_bytes(serialization.Encoding.DER))
"#;
    rig.tool(python_tool("python3"), &["-c", python]).ok();
    for name in ["SHA1", "SHA256", "SHA384", "SHA512"] {
        rig.write("q.der", rig.read(name));
        assert_eq!(responder.statuses(&[]), ["good"], "{name}");
        let shown = rig
            .json(&["ocsp", "show", "q.der", "--ca", "customerCA.crt"])
            .ok()
            .json();
        assert_eq!(shown["verified"], true, "{shown}");
    }
    // PEM, in and out; GnuTLS reads it.
    let block = openssl(rig, &["base64", "-in", "q.der"]);
    rig.write(
        "q.der",
        format!("-----BEGIN OCSP REQUEST-----\n{block}-----END OCSP REQUEST-----\n"),
    );
    assert_eq!(responder.statuses(&["--pem"]), ["good"]);
    assert!(rig.read("r.der").starts_with(b"-----BEGIN OCSP RESPONSE-----\n"));
    rig.tool("ocsptool", &["--response-info", "--inder", "--infile", "r.der"]);
    let shown = rig.json(&["ocsp", "show", "r.der", "--ca", "customerCA.crt"]);
    assert_eq!(shown.ok().json()["verified"], true);
}

#[test]
fn the_responses_of_openssl_are_verified() {
    let responder = Responder {
        rig: ready_authority(),
    }
    .with_signer("RSA_2048");
    let rig = &responder.rig;
    responder.issue("good");
    responder.ask(&["-cert", "good.crt"]);
    let serial = openssl(rig, &["x509", "-in", "good.crt", "-noout", "-serial"]);
    let serial = serial.trim().trim_start_matches("serial=");
    rig.write(
        "index.txt",
        format!("V\t350101000000Z\t\t{serial}\tunknown\t/O=Test\n"),
    );
    let with = |out: &str, more: &[&str]| {
        let fixed = [
            "ocsp",
            "-index",
            "index.txt",
            "-rsigner",
            "signer.crt",
            "-rkey",
            "signer.der",
            "-CA",
            "customerCA.crt",
            "-reqin",
            "q.der",
            "-respout",
            out,
        ];
        openssl(rig, &[&fixed[..], more].concat());
        let show = [
            "ocsp",
            "show",
            out,
            "--ca",
            "customerCA.crt",
            "--request",
            "q.der",
        ];
        rig.json(&show)
    };
    openssl(
        rig,
        &[
            "pkey",
            "-in",
            "signer.der",
            "-inform",
            "DER",
            "-out",
            "signer.pem",
        ],
    );
    rig.write("signer.der", rig.read("signer.pem"));
    for more in [&["-ndays", "1"][..], &["-ndays", "1", "-resp_key_id"]] {
        let shown = with("theirs.der", more);
        assert_eq!(shown.ok().json()["verified"], true, "{more:?}");
    }
    let undated = with("undated.der", &[]);
    assert_eq!(undated.code, Some(3));
    let problem = undated.json()["problem"].to_string();
    assert!(problem.contains("ocsp-next-update"), "{problem}");
    let weak = with("weak.der", &["-ndays", "1", "-rmd", "sha1"]);
    assert_eq!(weak.code, Some(3));
    assert!(weak.json()["problem"].to_string().contains("SHA-1"), "{weak:#?}");
    // Answers to another request.
    responder.ask(&["-cert", "good.crt"]);
    let show = [
        "ocsp",
        "show",
        "theirs.der",
        "--ca",
        "customerCA.crt",
        "--request",
        "q.der",
    ];
    let replayed = rig.json(&show);
    assert_eq!(replayed.code, Some(3));
    assert!(replayed.json()["problem"].to_string().contains("ocsp-nonce"));
}

/// GnuTLS's verdict on a server that staples `r.der`.
fn connect(rig: &Rig) -> (bool, String) {
    let own = ["-cert", "good.crt", "-key", "good.key", "-status_file", "r.der"];
    let server = EchoServer::start(rig, &own);
    let (host, port) = server.address().rsplit_once(':').expect("HOST:PORT");
    let trust = [
        "--x509cafile",
        "customerCA.crt",
        "--verify-hostname",
        "www.example.com",
    ];
    let run = rig.tool("gnutls-cli", &[&trust[..], &["--port", port, host]].concat());
    (run.code == Some(0), run.stdout + &run.stderr)
}

#[test]
fn a_stapled_response_decides_whether_gnutls_connects() {
    let responder = Responder {
        rig: ready_authority(),
    };
    let rig = &responder.rig;
    responder.issue("good");
    responder.ask(&["-no_nonce", "-cert", "good.crt"]);
    assert_eq!(responder.statuses(&[]), ["good"]);
    let (connected, said) = connect(rig);
    assert!(connected && said.contains("OCSP status request"), "{said}");
    let server = EchoServer::start(
        rig,
        &["-cert", "good.crt", "-key", "good.key", "-status_file", "r.der"],
    );
    let mut client = rig.prepare_tool(
        "openssl",
        &[
            "s_client",
            "-connect",
            server.address(),
            "-status",
            "-CAfile",
            "customerCA.crt",
            "-verify_return_error",
        ],
    );
    let said = output_of(&mut client);
    for line in [
        "OCSP Response Status: successful",
        "Cert Status: good",
        "Verify return code: 0 (ok)",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    drop(server);
    responder.revoke("good.crt", &["--reason", "superseded"]);
    assert_eq!(responder.statuses(&[]), ["revoked"]);
    let (connected, said) = connect(rig);
    assert!(!connected && said.contains("revoked"), "{said}");
}

fn output_of(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
