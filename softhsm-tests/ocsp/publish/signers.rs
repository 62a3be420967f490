//! Signers of answers: an RSA delegate, an expired signer, and another CA.

use std::fs;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hsm_ca::x509::UnixTime;

use super::{files, lines, make_signer, publish, published_rig, results, statuses, verified};
use crate::harness::Rig;
use crate::oracle::openssl;

#[test]
fn an_rsa_delegate_signs_every_answer() {
    let rig = published_rig(4);
    make_signer(&rig, "rsa:2048");
    let (told, _) = lines(
        &rig.json(&publish(&["--signer", "signer.crt", "--jobs", "2"]))
            .ok(),
    );
    assert_eq!(results(&told), ["signed"; 10], "the signer's own certificate too");
    assert_eq!(verified(&rig), statuses([("good", 8)]));
    let file = told[0]["file"].as_str().expect("a path");
    let shown = openssl(&rig, &["ocsp", "-respin", file, "-resp_text", "-noverify"]);
    let by = "OCSP signer";
    assert!(
        shown.contains("sha256WithRSAEncryption") && shown.contains(by),
        "{shown}"
    );
}

#[test]
fn a_signer_that_has_expired_signs_nothing() {
    let rig = published_rig(2);
    make_signer(&rig, "ec:p256");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let end = UnixTime(now.as_secs() + 3).to_string();
    let sign = ["csr", "sign", "signer.csr", "--ca", "customerCA.crt", "--again"];
    let short = [
        "--profile",
        "ocsp-signer",
        "--not-after",
        &end,
        "--out",
        "short.crt",
    ];
    rig.json(&[&sign[..], &short].concat()).ok();
    thread::sleep(Duration::from_secs(4));
    let message = rig.json(&publish(&["--signer", "short.crt"])).refused(3, "rule");
    assert!(message.contains("ocsp-signer-validity"), "{message}");
    assert!(files(&rig).is_empty());
    rig.json(&publish(&["--signer", "signer.crt"])).ok();
    assert_eq!(verified(&rig), statuses([("good", 4)]));
}

/// Another CA's answer to exactly the same request, at the path of ours.
fn answer_of_another_ca(rig: &Rig) {
    let other = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "other.key",
    ];
    let named = ["-out", "other.crt", "-subj", "/CN=Other CA", "-days", "30"];
    openssl(rig, &[&other[..], &named].concat());
    let ask = ["ocsp", "-issuer", "customerCA.crt", "-cert", "out/000.crt"];
    openssl(rig, &[&ask[..], &["-no_nonce", "-reqout", "q.der"]].concat());
    rig.write("index.txt", "");
    let respond = [
        "ocsp",
        "-index",
        "index.txt",
        "-CA",
        "customerCA.crt",
        "-ndays",
        "7",
    ];
    let with = ["-rsigner", "other.crt", "-rkey", "other.key", "-reqin", "q.der"];
    openssl(rig, &[&respond[..], &with, &["-respout", "other.der"]].concat());
}

#[test]
fn the_answer_of_another_ca_is_neither_accepted_nor_replaced() {
    let rig = published_rig(3);
    let (told, _) = lines(&rig.json(&publish(&[])).ok());
    answer_of_another_ca(&rig);
    let printed = openssl(&rig, &["x509", "-in", "out/000.crt", "-noout", "-serial"]);
    let serial = printed.trim().trim_start_matches("serial=").to_lowercase();
    let ours = told
        .iter()
        .find(|line| line["serial_number"] == serial.as_str() && line["hash_algorithm"] == "sha1")
        .expect("its answer");
    let file = rig.path(ours["file"].as_str().expect("a path"));
    let other = rig.read("other.der");
    fs::write(&file, &other).expect("a write");
    let message = rig.json(&publish(&[])).refused(3, "other-file");
    assert!(message.contains(&serial), "{message}");
    assert_eq!(fs::read(&file).expect("the file"), other);
    let (told, _) = lines(&rig.json(&publish(&["--force"])).ok());
    assert_eq!(told[0]["because"], "another-file");
    assert_eq!(verified(&rig), statuses([("good", 6)]));
}
