//! `ocsp publish`: answers as files, for a server without OCSP support.

mod refusals;
mod server;
mod signers;
mod simultaneous;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::csr_sign::batch::{batch, calls, lines, results, rig_with};
use crate::csr_sign::delivery::{assert_sound, entries};
use crate::harness::{Rig, Run};
use crate::oracle::openssl;

/// Certificates of a test.
const MANY: usize = 100;

/// Every certificate in `out/` under both hashes: the path comes from openssl's own request, and openssl verifies the answer in it.
/// Prints the file, the hash and the status of each.
const VERIFY: &str = r#"
set -eu
for certificate in out/*.crt; do
    for hash in -sha1 -sha256; do
        openssl ocsp -issuer customerCA.crt "$hash" -cert "$certificate" -no_nonce -reqout q.der
        path=$(base64 -w 0 q.der)
        case $path in */) path=${path}index.html ;; esac
        openssl ocsp -issuer customerCA.crt "$hash" -cert "$certificate" -no_nonce -respin "answers/$path" \
            -CAfile customerCA.crt -verify_other customerCA.crt > said 2> verdict
        grep -qx "Response verify OK" verdict
        echo "$(head -n 1 said) $hash"
    done
done
"#;

/// A rig whose CA has signed this many certificates, with a directory for their answers.
fn published_rig(certificates: usize) -> Rig {
    let rig = rig_with(certificates);
    rig.json(&batch(&["in"], &[])).ok();
    fs::create_dir(rig.path("answers")).expect("a directory");
    rig
}

fn publish<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let fixed = [
        "ocsp",
        "publish",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        "answers",
    ];
    [&fixed[..], more].concat()
}

/// The same behind the module that counts and fails.
fn publish_counted(rig: &Rig, more: &[&str], rules: &[(&str, &str)]) -> Run {
    rig.command_with_rule(&[&["--format", "json"][..], &publish(more)].concat(), rules)
}

/// Every file below `answers/`, with its content.
fn files(rig: &Rig) -> BTreeMap<String, Vec<u8>> {
    fn gather(directory: &Path, name: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let entry = entry.expect("an entry");
            let name = format!("{name}{}", entry.file_name().to_str().expect("UTF-8"));
            match entry.file_type().expect("a type").is_dir() {
                true => gather(&entry.path(), &format!("{name}/"), found),
                false => drop(found.insert(name, fs::read(entry.path()).expect("a file"))),
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(&rig.path("answers"), "", &mut found);
    found
}

/// The number of answers that openssl verifies, by status.
#[track_caller]
fn verified(rig: &Rig) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in rig.tool("bash", &["-c", VERIFY]).ok().stdout.lines() {
        let status = line.split_whitespace().nth(1).expect("a status");
        *counts.entry(status.to_owned()).or_default() += 1;
    }
    counts
}

fn statuses<const N: usize>(of: [(&str, usize); N]) -> BTreeMap<String, usize> {
    of.map(|(status, count)| (status.to_owned(), count)).into()
}

fn revoke(rig: &Rig, certificate: &str, reason: &str) {
    let revoke = ["cert", "revoke", certificate, "--ca", "customerCA.crt"];
    rig.json(&[&revoke[..], &["--reason", reason]].concat()).ok();
}

/// A key of that type on the token, and its certificate of profile ocsp-signer in `signer.crt`.
fn make_signer(rig: &Rig, kind: &str) {
    rig.command(&["key", "generate", "--label", "ocsp", "--type", kind])
        .ok();
    let request = ["csr", "create", "--key", "ocsp", "--subject", "CN=OCSP signer"];
    rig.command(&[&request[..], &["--out", "signer.csr"]].concat())
        .ok();
    let sign = ["csr", "sign", "signer.csr", "--ca", "customerCA.crt"];
    rig.command(&[&sign[..], &["--profile", "ocsp-signer", "--out", "signer.crt"]].concat())
        .ok();
}

#[test]
fn each_certificate_has_two_answers_and_a_revocation_changes_only_those() {
    let rig = published_rig(MANY);
    let before = entries(&rig, &[]).len();
    let (told, summary) = lines(&publish_counted(&rig, &["--jobs", "4"], &[]).ok());
    assert_eq!(results(&told), vec!["signed"; 2 * MANY]);
    assert_eq!(
        (&summary["signed"], &summary["unchanged"]),
        (&200.into(), &0.into())
    );
    // One login, a session for each signer and one for the rest, and no extra signatures.
    assert_eq!(calls(&rig, "C_Login"), 1);
    assert_eq!(calls(&rig, "C_OpenSession"), 5);
    assert_eq!(calls(&rig, "C_SignInit"), 2 * MANY);
    assert_eq!(entries(&rig, &[]).len(), before + 2 * MANY);
    assert_eq!(entries(&rig, &["--open"]), Vec::<Value>::new());
    assert_eq!(verified(&rig), statuses([("good", 2 * MANY)]));
    let first = files(&rig);
    assert_eq!(first.len(), 2 * MANY);
    for pair in told.chunks(2) {
        assert_eq!(pair[0]["serial_number"], pair[1]["serial_number"]);
        assert_eq!(
            (&pair[0]["hash_algorithm"], &pair[1]["hash_algorithm"]),
            (&"sha1".into(), &"sha256".into())
        );
    }

    // Nothing is due, and the token is not used.
    fs::remove_file(rig.path("calls.log")).expect("the log");
    let (told, summary) = lines(&rig.json(&publish(&[])).ok());
    assert_eq!(told, Vec::<Value>::new());
    assert_eq!(
        (&summary["signed"], &summary["unchanged"]),
        (&0.into(), &200.into())
    );
    assert_eq!(files(&rig), first);

    revoke(&rig, "out/042.crt", "keyCompromise");
    let (told, summary) = lines(&publish_counted(&rig, &[], &[]).ok());
    assert_eq!(calls(&rig, "C_SignInit"), 2);
    assert_eq!(
        (&summary["signed"], &summary["unchanged"]),
        (&2.into(), &198.into())
    );
    for (line, hash) in told.iter().zip(["sha1", "sha256"]) {
        assert_eq!(
            (&line["status"], &line["hash_algorithm"]),
            (&"revoked".into(), &hash.into())
        );
        assert_eq!(
            (&line["because"], &line["reason"]),
            (&"status-changed".into(), &"keyCompromise".into())
        );
    }
    let second = files(&rig);
    let changed = second
        .iter()
        .filter(|(name, content)| first.get(*name) != Some(content));
    assert_eq!((changed.count(), second.len()), (2, 2 * MANY));
    assert_eq!(verified(&rig), statuses([("good", 2 * MANY - 2), ("revoked", 2)]));
    assert_sound(&rig);
}

#[test]
fn killed_at_any_moment_the_same_command_continues() {
    let rig = published_rig(MANY);
    let mut begun = 0;
    for rule in ["C_Sign@70", "C_Sign!@9", "C_SignInit@50"] {
        let killed = publish_counted(&rig, &["--jobs", "3"], &[("KILL", rule)]);
        assert_eq!(killed.code, None, "{killed:?}");
        begun += calls(&rig, "C_SignInit");
        for (name, content) in files(&rig) {
            // A complete answer, or a temporary file that no request matches.
            if !name.contains(".hsm-ca-") {
                rig.write("r.der", content);
                let show = ["ocsp", "show", "r.der", "--ca", "customerCA.crt"];
                assert_eq!(rig.json(&show).ok().json()["verified"], true, "{name}");
            }
        }
    }
    publish_counted(&rig, &["--jobs", "3"], &[]).ok();
    begun += calls(&rig, "C_SignInit");
    // Only signatures of groups that were not yet recorded and delivered are lost.
    assert!((2 * MANY..2 * MANY + 3 * 2 * MANY).contains(&begun), "{begun}");
    let all = files(&rig);
    let left: Vec<_> = all.keys().filter(|name| name.contains(".hsm-ca-")).collect();
    assert!(left.is_empty(), "temporary files are left: {left:?}");
    assert_eq!(all.len(), 2 * MANY);
    assert_eq!(verified(&rig), statuses([("good", 2 * MANY)]));
    assert_sound(&rig);
}

#[test]
fn a_delegated_signer_signs_instead_of_the_ca_and_every_answer_follows_it() {
    let rig = published_rig(8);
    rig.json(&publish(&[])).ok();
    make_signer(&rig, "ec:p256");
    let (told, summary) = lines(&rig.json(&publish(&["--signer", "signer.crt"])).ok());
    // The signer's own certificate has answers too.
    assert_eq!(
        (&summary["signed"], &summary["unchanged"]),
        (&18.into(), &0.into())
    );
    let because = |why: &str| told.iter().filter(|line| line["because"] == why).count();
    assert_eq!((because("another-signer"), because("new")), (16, 2));
    assert_eq!(verified(&rig), statuses([("good", 16)]));
    let file = told[0]["file"].as_str().expect("a path");
    let shown = openssl(&rig, &["ocsp", "-respin", file, "-resp_text", "-noverify"]);
    assert!(shown.contains("ecdsa-with-SHA256"), "{shown}");
    assert!(
        shown.contains("CN = OCSP signer") || shown.contains("CN=OCSP signer"),
        "{shown}"
    );

    // A revoked signer signs nothing, and its answers are signed again.
    revoke(&rig, "signer.crt", "superseded");
    let refused = rig.json(&publish(&["--signer", "signer.crt"]));
    assert!(refused.refused(3, "rule").contains("ocsp-signer-status"));
    let (_, summary) = lines(&rig.json(&publish(&[])).ok());
    assert_eq!(summary["signed"], 18);
    assert_eq!(verified(&rig), statuses([("good", 16)]));
}
