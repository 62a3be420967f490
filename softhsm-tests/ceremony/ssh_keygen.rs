//! Signatures by stock `ssh-keygen`, read by this program under stricter rules.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64ct::{Base64, Encoding};
use hsm_ca::ceremony::{
    ApprovalCount, ApprovalStatement, CeremonyKind, Decision, Digest, PlanIdentity, Signatory, SignatoryKey,
    SshKey, SshKeyError, SshKeyKind, SshSignature, SshSignatureError, StatementError, Verdict, to_canonical,
};
use hsm_ca::signer::Curve;
use hsm_ca::values::UnixTime;
use tempfile::TempDir;

pub(super) const NAMESPACE: &str = "ceremony-approval@hsm-ca";
pub(super) const MESSAGE: &[u8] = b"{\"decision\":\"approve\",\"person\":\"A\"}\n";

fn ssh_keygen(directory: &Path, arguments: &[&str]) {
    let output = Command::new("ssh-keygen")
        .current_dir(directory)
        .args(arguments)
        .output();
    let output = output.expect("ssh-keygen, of the package openssh-client");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ssh-keygen {arguments:?}: {said}");
}

/// A key `k` and a message `m`.
pub(super) fn key(arguments: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let new = ["-q", "-N", "", "-C", "a person", "-f", "k"];
    ssh_keygen(directory.path(), &[&new, arguments].concat());
    fs::write(directory.path().join("m"), MESSAGE).expect("a message");
    directory
}

pub(super) fn sign(directory: &Path, key: &str, options: &[&str]) -> Vec<u8> {
    let _ = fs::remove_file(directory.join("m.sig"));
    let sign = ["-Y", "sign", "-q", "-f", key, "-n", NAMESPACE];
    ssh_keygen(directory, &[&sign, options, &["m"]].concat());
    fs::read(directory.join("m.sig")).expect("a signature")
}

fn public_key(directory: &Path) -> Result<SshKey, SshKeyError> {
    SshKey::from_line(&fs::read_to_string(directory.join("k.pub")).expect("a public key"))
}

#[test]
fn keys_and_signatures_of_ssh_keygen_are_read_and_verified() {
    let kinds: [(&[&str], SshKeyKind); 5] = [
        (&["-t", "ed25519"], SshKeyKind::Ed25519),
        (&["-t", "ecdsa", "-b", "256"], SshKeyKind::Ecdsa(Curve::P256)),
        (&["-t", "ecdsa", "-b", "384"], SshKeyKind::Ecdsa(Curve::P384)),
        (&["-t", "ecdsa", "-b", "521"], SshKeyKind::Ecdsa(Curve::P521)),
        (&["-t", "rsa", "-b", "3072"], SshKeyKind::Rsa),
    ];
    for (arguments, kind) in kinds {
        let directory = key(arguments);
        let public = public_key(directory.path()).expect("a key");
        assert_eq!(public.kind(), kind);
        for options in [&[][..], &["-O", "hashalg=sha256"], &["-O", "hashalg=sha512"]] {
            let armoured = sign(directory.path(), "k", options);
            let signature = SshSignature::verify(&armoured, NAMESPACE, MESSAGE).expect("verified");
            assert_eq!(*signature.key(), public);
            assert!(!signature.is_touched() && !signature.is_pin_entered());
            let other = SshSignature::verify(&armoured, NAMESPACE, b"another message");
            assert_eq!(other, Err(SshSignatureError::Signature));
            let practice = SshSignature::verify(&armoured, "ceremony-practice-approval@hsm-ca", MESSAGE);
            assert!(
                matches!(practice, Err(SshSignatureError::Namespace { .. })),
                "{practice:?}"
            );
        }
        let listed = Command::new("ssh-keygen")
            .args(["-l", "-f"])
            .arg(directory.path().join("k.pub"))
            .output();
        let listed = String::from_utf8(listed.expect("ssh-keygen").stdout).expect("text");
        assert!(listed.contains(&public.fingerprint()), "{listed}");
    }
}

#[test]
fn short_rsa_keys_cannot_approve() {
    let directory = key(&["-t", "rsa", "-b", "2048"]);
    let short = SshKeyError::ShortRsa { bits: 2048 };
    assert_eq!(public_key(directory.path()), Err(short.clone()));
    let armoured = sign(directory.path(), "k", &[]);
    let refused = SshSignature::verify(&armoured, NAMESPACE, MESSAGE);
    assert_eq!(refused, Err(SshSignatureError::Key(short)));
}

#[test]
fn a_signature_with_a_certificate_is_refused() {
    let directory = key(&["-t", "ed25519"]);
    let path = directory.path();
    ssh_keygen(path, &["-q", "-t", "ed25519", "-N", "", "-f", "ca"]);
    ssh_keygen(path, &["-q", "-s", "ca", "-I", "a person", "-n", "a", "k.pub"]);
    let line = fs::read_to_string(path.join("k-cert.pub")).expect("a certificate");
    assert_eq!(SshKey::from_line(&line), Err(SshKeyError::Certificate));
    // The key is not part of the signed data, so a certificate of the same key can replace it.
    let blob = |line: &str| Base64::decode_vec(line.split(' ').nth(1).expect("base64")).expect("base64");
    let certificate = blob(&line);
    let public = blob(&fs::read_to_string(path.join("k.pub")).expect("a public key"));
    let armoured = String::from_utf8(sign(path, "k", &[])).expect("text");
    let lines: Vec<&str> = armoured.lines().collect();
    let [begin, body @ .., end] = lines.as_slice() else {
        panic!("{armoured}");
    };
    let signature = Base64::decode_vec(&body.concat()).expect("base64");
    let rest = &signature[10 + 4 + public.len()..];
    let length = u32::try_from(certificate.len()).expect("a length").to_be_bytes();
    let with_certificate = [&signature[..10], &length, &certificate, rest].concat();
    let text = Base64::encode_string(&with_certificate);
    let body: Vec<String> = text
        .as_bytes()
        .chunks(70)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let armoured = format!("{begin}\n{}\n{end}\n", body.join("\n"));
    let refused = SshSignature::verify(armoured.as_bytes(), NAMESPACE, MESSAGE);
    assert_eq!(refused, Err(SshSignatureError::Key(SshKeyError::Certificate)));
}

/// Armour that OpenSSH (9.2) accepts and we refuse: another file for the same signature.
#[test]
fn armour_that_ssh_keygen_accepts_is_refused_if_it_was_touched() {
    let directory = key(&["-t", "ed25519"]);
    let path = directory.path();
    let good = String::from_utf8(sign(path, "k", &[])).expect("text");
    let public = fs::read_to_string(path.join("k.pub")).expect("a public key");
    fs::write(path.join("allowed"), format!("a {public}")).expect("written");
    let openssh_accepts = |armoured: &str| {
        fs::write(path.join("changed.sig"), armoured).expect("written");
        let verify = [
            "-Y",
            "verify",
            "-q",
            "-f",
            "allowed",
            "-I",
            "a",
            "-n",
            NAMESPACE,
            "-s",
            "changed.sig",
        ];
        let message = fs::File::open(path.join("m")).expect("a message");
        let run = Command::new("ssh-keygen")
            .current_dir(path)
            .args(verify)
            .stdin(message)
            .output();
        run.expect("ssh-keygen").status.success()
    };
    let us = |armoured: &str| SshSignature::verify(armoured.as_bytes(), NAMESPACE, MESSAGE);
    assert!(openssh_accepts(&good) && us(&good).is_ok());
    let (first, rest) = good.split_at(40);
    let one_line = format!("{first}{}", rest.replacen('\n', "", 1));
    for changed in [
        format!("{good}trailing garbage\n"),
        format!("{good}{good}"),
        good.replacen("\nU1NIU0lH", "\n \n\nU1NIU0lH", 1),
        one_line,
    ] {
        assert_eq!(us(&changed), Err(SshSignatureError::Armour), "{changed}");
        assert!(
            openssh_accepts(&changed),
            "no longer accepted, so the documentation is out of date: {changed}"
        );
    }
}

/// The statements come from this program; the keys and signatures do not.
#[test]
fn two_of_three_people_approve_with_stock_ssh_keygen() {
    let kinds: [&[&str]; 3] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "rsa", "-b", "3072"],
    ];
    let plan = PlanIdentity {
        kind: CeremonyKind::Production,
        ceremony: "root-r1-2026".to_owned(),
        hash: Digest::of(b"the plan\n"),
    };
    let people: Vec<(String, TempDir)> = kinds
        .iter()
        .zip(["A", "B", "C"])
        .map(|(kind, name)| (name.to_owned(), key(kind)))
        .collect();
    let approvers = people.iter().map(|(name, directory)| Signatory {
        name: name.clone(),
        keys: vec![SignatoryKey {
            key: public_key(directory.path()).expect("a key"),
            require: Vec::new(),
        }],
    });
    let mut count = ApprovalCount::new(plan.clone(), approvers.collect(), 2).expect("a quorum");
    let mut say = |(name, directory): &(String, TempDir), decision: &Decision| {
        let public = public_key(directory.path()).expect("a key");
        let statement = ApprovalStatement::new(&plan, name, &public, UnixTime(1_796_114_400), decision);
        let bytes = to_canonical(&statement.expect("a statement")).expect("bytes");
        fs::write(directory.path().join("m"), &bytes).expect("written");
        let signature = sign(directory.path(), "k", &[]);
        // Both the namespace of the signature and every byte of the statement count.
        let mut other = bytes.clone();
        other[10] ^= 1;
        assert!(count.add(&other, &signature).is_err());
        count.add(&bytes, &signature).expect("counted");
        assert!(matches!(
            count.add(&bytes, b""),
            Err(StatementError::Signature(SshSignatureError::Armour))
        ));
        count.verdict()
    };
    let open = Verdict::Open {
        by: vec!["C".to_owned()],
        missing: 1,
    };
    assert_eq!(say(&people[2], &Decision::Approve), open);
    assert_eq!(say(&people[2], &Decision::Approve), open);
    let by = vec!["B".to_owned(), "C".to_owned()];
    assert_eq!(say(&people[1], &Decision::Approve), Verdict::Approved { by });
    let because = "the dates are those of last year".to_owned();
    let verdict = say(&people[0], &Decision::Reject { because });
    assert!(matches!(verdict, Verdict::Rejected { .. }), "{verdict:?}");
}
