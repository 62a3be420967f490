//! The directory of `cluster verify`: which files count, in which forms, and which are refused before verification.

use std::fs;
use std::os::unix::fs::symlink;

use crate::cluster::evidence::{Evidence, Verdict, words};
use crate::harness::{HSM1, HSM2, LocalCluster};
use crate::oracle::openssl;

const FILES: [&str; 4] = [
    "ClusterCsr.csr",
    "HsmCertificate.crt",
    "AwsHardwareCertificate.crt",
    "ManufacturerHardwareCertificate.crt",
];

#[track_caller]
fn assert_verified(evidence: &Evidence) {
    assert_eq!(Verdict::of(&evidence.verify_with_roots()).0["verified"], true);
}

/// Replaces each of the files in turn; expects a refusal with this code and kind that names the file.
#[track_caller]
fn assert_each_refused(replace: impl Fn(&Evidence, &str), code: i32, kind: &str, words: &str) {
    for suffix in FILES {
        let evidence = Evidence::of(HSM2, "");
        let file = evidence.file(suffix);
        fs::remove_file(evidence.rig.path(&file)).expect("a file");
        replace(&evidence, &file);
        let message = evidence.verify_with_roots().refused(code, kind);
        assert!(message.contains(&file) && message.contains(words), "{message}");
    }
}

#[test]
fn a_file_that_is_missing_is_named() {
    assert_each_refused(|_, _| {}, 3, "identity-incomplete", "does not exist");
    let dangle = |evidence: &Evidence, file: &str| {
        symlink("nowhere", evidence.rig.path(file)).expect("a link");
    };
    assert_each_refused(dangle, 3, "identity-incomplete", "does not exist");
}

#[test]
fn an_empty_file_or_one_with_other_contents() {
    let write = |content: &'static str| {
        move |evidence: &Evidence, file: &str| drop(evidence.rig.write(file, content))
    };
    assert_each_refused(write(""), 3, "empty", "");
    assert_each_refused(write("Dear colleague,\n"), 3, "malformed", "neither a PEM block");
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_each_refused(write(key), 3, "malformed", "PRIVATE KEY");
    let cut = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    assert_each_refused(
        |evidence, file| {
            let kind = if file.ends_with(".csr") { " REQUEST" } else { "" };
            evidence
                .rig
                .write(file, cut.replace("-----\n", &format!("{kind}-----\n")));
        },
        3,
        "malformed",
        "no END line",
    );
}

#[test]
fn a_file_with_two_certificates() {
    let double = |evidence: &Evidence, file: &str| {
        let name = file
            .split_once('_')
            .and_then(|(_, suffix)| suffix.split_once('.'));
        let pem = evidence.cluster.certificate(name.expect("a suffix").0);
        evidence.rig.write(file, pem.repeat(2));
    };
    assert_each_refused(double, 3, "several-pem", "2");
}

#[test]
fn pipes_devices_and_directories_are_not_read() {
    let words = "not a regular file";
    let pipe = |evidence: &Evidence, file: &str| drop(evidence.rig.tool("mkfifo", &[file]).ok());
    assert_each_refused(pipe, 2, "unreadable-file", words);
    let device = |evidence: &Evidence, file: &str| {
        symlink("/dev/zero", evidence.rig.path(file)).expect("a link");
    };
    assert_each_refused(device, 2, "unreadable-file", words);
    let directory = |evidence: &Evidence, file: &str| {
        fs::create_dir(evidence.rig.path(file)).expect("a directory");
    };
    assert_each_refused(directory, 2, "unreadable-file", words);
}

#[test]
fn a_huge_file_is_not_read_to_its_end() {
    let huge = |evidence: &Evidence, file: &str| {
        let file = fs::File::create(evidence.rig.path(file)).expect("a file");
        file.set_len(8 << 30).expect("a hole");
    };
    assert_each_refused(huge, 3, "too-large", "");
}

#[test]
fn a_file_that_its_reader_may_not_read() {
    let evidence = Evidence::of(HSM2, "");
    let file = evidence.file("HsmCertificate.crt");
    evidence.rig.give_to_ordinary_user();
    evidence.rig.tool("chown", &["root", &file]).ok();
    evidence.rig.tool("chmod", &["600", &file]).ok();
    let verify = ["--format", "json", "cluster", "verify", "--dir", "."];
    let roots = evidence.roots();
    let mut command = evidence
        .rig
        .as_ordinary_user(&[&verify[..], &words(&roots)].concat());
    let message = crate::harness::Run::of(&mut command).refused(2, "unreadable-file");
    assert!(
        message.contains(&file) && message.contains("ermission denied"),
        "{message}"
    );
}

#[test]
fn der_text_before_the_pem_and_links_to_files_are_accepted() {
    let evidence = Evidence::of(HSM2, "");
    for suffix in FILES {
        let (file, kind) = (
            evidence.file(suffix),
            if suffix.ends_with("csr") { "req" } else { "x509" },
        );
        let convert = [kind, "-in", &file, "-text", "-out", "dump"];
        openssl(&evidence.rig, &convert);
        let dump = evidence.rig.read("dump");
        assert!(dump.starts_with(b"Certificate"), "a dump");
        evidence.rig.write(&file, &dump);
    }
    assert_verified(&evidence);
    for file in ["aws-root.crt", "manufacturer-root.crt"] {
        openssl(
            &evidence.rig,
            &["x509", "-in", file, "-outform", "DER", "-out", file],
        );
    }
    for suffix in FILES {
        let (file, kind) = (
            evidence.file(suffix),
            if suffix.ends_with("csr") { "req" } else { "x509" },
        );
        openssl(
            &evidence.rig,
            &[kind, "-in", &file, "-outform", "DER", "-out", &file],
        );
    }
    assert_verified(&evidence);
    let file = evidence.file("HsmCertificate.crt");
    fs::rename(evidence.rig.path(&file), evidence.rig.path("elsewhere")).expect("a file");
    symlink("elsewhere", evidence.rig.path(&file)).expect("a link");
    assert_verified(&evidence);
}

#[test]
fn a_directory_without_a_cluster_s_files() {
    let evidence = Evidence::of(HSM1, "");
    fs::create_dir(evidence.rig.path("empty")).expect("a directory");
    let verify = |directory: &str, more: &[&str]| {
        let verify = ["cluster", "verify", "--dir", directory];
        evidence.rig.json(&[&verify[..], more].concat())
    };
    verify("empty", &[]).refused(2, "no-cluster-files");
    verify("nowhere", &[]).refused(2, "unreadable-file");
    let other = ["--cluster", "cluster-aaaaaaaaaaa"];
    let message = verify(".", &other).refused(2, "no-cluster-files");
    assert!(message.contains("cluster-aaaaaaaaaaa"), "{message}");
    // The owner's certificate is not one of those that AWS provides.
    evidence
        .rig
        .write("empty/cluster-aaaaaaaaaaa_CustomerHsmCertificate.crt", "");
    verify("empty", &[]).refused(2, "no-cluster-files");
}

#[test]
fn of_several_clusters_in_a_directory_one_is_chosen() {
    let evidence = Evidence::of(HSM2, "");
    let other = LocalCluster::create(HSM2, "csr-other-key");
    other.save(&evidence.rig);
    let message = evidence.verify_with_roots().refused(2, "usage");
    assert!(
        message.contains(evidence.cluster.id())
            && message.contains(other.id())
            && message.contains("--cluster"),
        "{message}"
    );
    let choose = |cluster: &LocalCluster| {
        let choice = ["--cluster", cluster.id()];
        Verdict::of(&evidence.verify(&[&words(&evidence.roots())[..], &choice].concat()))
    };
    let verdict = choose(&evidence.cluster);
    assert_eq!(
        (&verdict.0["verified"], verdict.0["cluster"].as_str()),
        (&true.into(), Some(evidence.cluster.id()))
    );
    let verdict = choose(&other);
    assert_eq!(
        (&verdict.0["verified"], verdict.0["cluster"].as_str()),
        (&false.into(), Some(other.id()))
    );
    // One cluster's files do not replace the other's.
    let suffix = FILES[2];
    fs::remove_file(evidence.rig.path(&evidence.file(suffix))).expect("a file");
    let choice = ["--cluster", evidence.cluster.id()];
    evidence.verify(&choice).refused(2, "usage");
    let message = evidence
        .verify(&[&words(&evidence.roots())[..], &choice].concat())
        .refused(3, "identity-incomplete");
    assert!(message.contains(evidence.cluster.id()), "{message}");
}

#[test]
fn a_file_name_cannot_write_on_the_terminal() {
    let evidence = Evidence::of(HSM2, "");
    for suffix in FILES {
        let name = format!("\u{1b}[2J\u{202e}cluster_{suffix}");
        fs::rename(
            evidence.rig.path(&evidence.file(suffix)),
            evidence.rig.path(&name),
        )
        .expect("a file");
    }
    let verify = ["cluster", "verify", "--dir", "."];
    let run = evidence
        .rig
        .command(&[&verify[..], &words(&evidence.roots())].concat())
        .ok();
    let run_of_errors = evidence.rig.command(&verify);
    for text in [run.stdout, run.stderr, run_of_errors.stdout, run_of_errors.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}
