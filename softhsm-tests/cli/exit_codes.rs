//! docs/exit-codes.md, "The same situation has the same exit code in every command": command lines of every command for each situation.

mod reads;

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use reads::{CEREMONIES, READS, READS_DIRECTORIES, READS_OF_DOCTOR};

use super::help::all_commands;
use super::program::commands_below;
use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::make_cluster_request;

/// A CA with one of everything that a command reads.
fn desk() -> Rig {
    static DESK: OnceLock<Rig> = OnceLock::new();
    DESK.get_or_init(|| {
        let rig = ready_authority();
        make_cluster_request(&rig, "cluster.csr");
        let run = |line: &str| rig.command(&words(line)).ok();
        run("csr sign cluster.csr --ca customerCA.crt --out cluster.crt");
        run("ledger checkpoint --out checkpoint");
        run("crl create --ca customerCA.crt --out made.crl");
        let openssl = |line: &str| rig.tool("openssl", &words(line)).ok();
        let serial = openssl("x509 -in cluster.crt -noout -serial").stdout;
        let serial = serial.trim().trim_start_matches("serial=");
        rig.write("serial", serial);
        run(&format!(
            "ledger prove {serial} --checkpoint checkpoint --out proof"
        ));
        run("ledger prove --since checkpoint --out extension");
        openssl("ocsp -issuer customerCA.crt -cert cluster.crt -reqout request.ocsp");
        openssl(
            "req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=Other -days 30 -out other.crt \
             -addext keyUsage=critical,keyCertSign,cRLSign",
        );
        openssl("req -new -key other.key -subj /CN=Client -out client.csr");
        rig.tool("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "person"])
            .ok();
        rig.write("taken", "mine");
        rig
    })
    .copy()
}

/// Runs a command line, with the serial number of cluster.crt and a name for its input or output.
fn run(rig: &Rig, line: &str, name: &str) -> Run {
    let serial = String::from_utf8(rig.read("serial")).expect("hex");
    let line = line
        .replace("SERIAL", &serial)
        .replace("MISSING", name)
        .replace("OUT", name);
    rig.json(&words(&line))
}

/// Asserts this refusal. On failure, the message contains the command line.
fn assert_refused(run: Run, line: &str, code: i32, kind: &str) {
    assert_eq!(run.code, Some(code), "{line}: {run:#?}");
    assert!(run.stderr.contains(&format!("{kind:?}")), "{line}: {run:#?}");
    run.refused(code, kind);
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Commands that load a module.
const WITH_MODULE: &[&str] = &[
    "token list",
    "token show",
    "token bench --type ec:p256 --seconds 1",
    "key list",
    "key show customer-ca",
    "key generate --label other --type ec:p256",
    "key verify customer-ca",
    "key export-public customer-ca --out a.pub",
    "key delete customer-ca --yes",
    "kms import pair.json --label other",
    "kms recipient-key --out a.pub",
    "ca create --key customer-ca --subject CN=A --out a.crt",
    "ca adopt other.crt --key customer-ca",
    "csr create --key customer-ca --subject CN=A --out a.csr",
    "csr sign client.csr --ca customerCA.crt --profile cloudhsm-client --out a.crt",
    "cert cross-sign other.crt --ca customerCA.crt --out a.crt",
    "crl create --ca customerCA.crt --out a.crl",
    "ocsp respond --ca customerCA.crt --request request.ocsp --out a.ocsp",
    "ocsp publish --ca customerCA.crt --out-dir .",
];

#[test]
fn without_a_module_the_exit_code_is_2() {
    let rig = desk();
    for line in WITH_MODULE {
        let line = format!("--json --ledger sqlite:rig/hsm-ca.db {line}");
        let run = Run::of(rig.prepare(&words(&line)).env_remove("HSM_CA_CONFIG"));
        assert_refused(run, &line, 2, "no-module");
    }
    // doctor has a result, with all findings.
    let run = Run::of(
        rig.prepare(&["--json", "doctor", "--no-kms"])
            .env_remove("HSM_CA_CONFIG"),
    );
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.json()["checks"][0]["found"]
            .as_str()
            .expect("text")
            .contains("module"),
        "{run:#?}"
    );
}

#[test]
fn a_missing_file_is_2() {
    let rig = desk();
    for line in READS {
        assert_refused(run(&rig, line, "nowhere.toml"), line, 2, "unreadable-file");
    }
    for line in CEREMONIES {
        let run = run(&rig, line, "nowhere");
        let told = ["\"no-ceremony\"", "\"unreadable-file\""]
            .iter()
            .any(|kind| run.stderr.contains(kind));
        assert!(run.code == Some(2) && told, "{line}: {run:#?}");
    }
    // doctor has a result, with all findings.
    for line in READS_OF_DOCTOR {
        let run = run(&rig, line, "nowhere.toml");
        assert_eq!(run.code, Some(2), "{line}: {run:#?}");
        assert!(run.stderr.contains("\"unreadable-file\""), "{line}: {run:#?}");
        assert_eq!(run.json()["verified"], false, "{line}: {run:#?}");
    }
}

#[test]
fn a_directory_instead_of_a_file_is_2() {
    let rig = desk();
    fs::create_dir(rig.path("folder.toml")).expect("a directory");
    for line in READS.iter().filter(|line| !READS_DIRECTORIES.contains(line)) {
        let run = run(&rig, line, "folder.toml");
        let told = [
            ("unreadable-file", "directory"),
            ("untrusted-file", "is not a regular file"),
        ]
        .iter()
        .any(|(kind, says)| run.stderr.contains(&format!("{kind:?}")) && run.stderr.contains(says));
        assert!(run.code == Some(2) && told, "{line}: {run:#?}");
        assert!(!run.stderr.contains("others could change it"), "{line}: {run:#?}");
    }
}

#[test]
fn a_pipe_in_a_directory_or_a_list_is_2_and_blocks_nothing() {
    let rig = desk();
    fs::create_dir(rig.path("requests")).expect("a directory");
    fs::create_dir(rig.path("out")).expect("a directory");
    rig.tool("mkfifo", &["requests/pipe.csr"]).ok();
    rig.write("list", "requests/pipe.csr\n");
    let sign = "--format json csr sign --ca customerCA.crt --profile cloudhsm-client --out-dir out";
    for more in ["requests", "--from-stdin"] {
        let mut command = rig.prepare(&words(&format!("{sign} {more}")));
        let list = fs::File::open(rig.path("list")).expect("a list");
        let run = command.stdin(list).output().expect("hsm-ca");
        assert_refused(Run::from(run), more, 2, "unreadable-file");
    }
    let adopt = "ca adopt other.crt --certificates requests";
    assert_refused(run(&rig, adopt, ""), adopt, 2, "unreadable-file");
}

/// Names of objects that do not exist on a token, in a ledger, in KMS or in CloudHSM.
const NAMES: &[(&str, &str)] = &[
    ("token show --token nobody", "no-token"),
    ("key list --token nobody", "no-token"),
    ("key show nobody", "no-key"),
    ("key verify nobody", "no-key"),
    ("key export-public nobody --out a.pub", "no-key"),
    ("key delete nobody --yes", "no-key"),
    ("token bench --key nobody --seconds 1", "no-key"),
    ("ca create --key nobody --subject CN=A --out a.crt", "no-key"),
    ("ca adopt other.crt --key nobody", "no-key"),
    ("csr create --key nobody --subject CN=A --out a.csr", "no-key"),
    (
        "csr sign cluster.csr --ca customerCA.crt --out a.crt --key nobody --again",
        "no-key",
    ),
    (
        "crl create --ca customerCA.crt --out a.crl --key nobody",
        "no-key",
    ),
    ("key show kms:alias/nobody", "key-not-found"),
    (
        "kms generate-key-pair --key-id alias/nobody --spec RSA_2048 --out a.json",
        "key-not-found",
    ),
    (
        "cluster fetch cluster-aaaaaaaaaaa --out-dir .",
        "cluster-not-found",
    ),
    (
        "cluster check cluster-aaaaaaaaaaa --ca customerCA.crt",
        "cluster-not-found",
    ),
    ("ledger show 77", "no-entry"),
    ("ledger show #77", "no-entry"),
    ("ledger deliver #77 --out a.crt", "no-entry"),
    (
        "ledger prove #77 --checkpoint checkpoint --out a.proof",
        "no-entry",
    ),
    (
        "cert revoke 77 --ca customerCA.crt --reason superseded",
        "unknown-certificate",
    ),
    ("ledger list --ledger sqlite:nowhere.db", "no-ledger"),
    ("ledger verify --ledger sqlite:nowhere.db", "no-ledger"),
    ("ledger copy sqlite:nowhere.db sqlite:a.db", "no-ledger"),
    (
        "crl create --ca customerCA.crt --out a.crl --ledger sqlite:nowhere.db",
        "no-ledger",
    ),
];

#[test]
fn a_missing_object_on_a_token_in_a_ledger_or_in_aws_is_4() {
    let rig = desk();
    for (line, kind) in NAMES {
        assert_refused(run(&rig, line, ""), line, 4, kind);
    }
}

/// `OUT` stands for an output file or directory.
const WRITES: &[&str] = &[
    "token bench --type ec:p256 --sessions 1 --seconds 1 --plot OUT",
    "key export-public customer-ca --out OUT",
    "kms generate-key-pair --key-id alias/any --spec RSA_2048 --out OUT",
    "ca create --key customer-ca --subject CN=A --out OUT",
    "csr create --key customer-ca --subject CN=A --out OUT",
    "csr sign cluster.csr --ca customerCA.crt --out OUT",
    "cert cross-sign other.crt --ca customerCA.crt --out OUT",
    "crl create --ca customerCA.crt --out OUT",
    "ocsp respond --ca customerCA.crt --request request.ocsp --out OUT",
    "ledger checkpoint --out OUT",
    "ledger prove SERIAL --checkpoint checkpoint --out OUT",
    "ledger deliver SERIAL --out OUT",
    "ceremony new OUT",
    "rig new OUT",
];

/// The same for a ledger.
const LEDGERS: &[&str] = &[
    "ledger new --ledger sqlite:OUT",
    "ledger copy sqlite:rig/hsm-ca.db sqlite:OUT",
];

#[test]
fn an_existing_output_is_2() {
    let rig = desk();
    for line in WRITES {
        assert_refused(run(&rig, line, "taken"), line, 2, "output-exists");
    }
    for line in LEDGERS {
        assert_refused(run(&rig, line, "rig/hsm-ca.db"), line, 2, "ledger-exists");
    }
    let label = ["key", "generate", "--label", "customer-ca", "--type", "ec:p256"];
    rig.json(&label).refused(2, "label-taken");
    let alias = ["kms", "create-key", "--alias", "alias/exit-codes"];
    rig.json(&alias).ok();
    rig.json(&alias).refused(2, "alias-exists");
    assert_eq!(rig.read("taken"), b"mine");
}

/// The same for a directory that is made, but not those above it.
const DIRECTORIES: &[&str] = &[
    "csr sign cluster.csr --ca customerCA.crt --out-dir nowhere/new",
    "ocsp publish --ca customerCA.crt --out-dir nowhere/new",
];

#[test]
fn a_missing_directory_above_an_output_is_2() {
    let rig = desk();
    for line in WRITES.iter().chain(LEDGERS).chain(DIRECTORIES) {
        assert_refused(run(&rig, line, "nowhere/new"), line, 2, "no-directory");
        assert!(!rig.path("nowhere").exists(), "{line}");
        // A file is where the directory should be.
        let line = line.replace("nowhere", "taken");
        assert_refused(run(&rig, &line, "taken/new"), &line, 2, "no-directory");
    }
    assert_eq!(rig.read("taken"), b"mine");
}

/// Commands without any of these situations: they name nothing and read nothing. `man` creates its directory and those above it.
const NONE: &[&str] = &[
    "cluster list",
    "cert rules",
    "completions",
    "doctor",
    "ledger export",
    "man",
    "options",
    "profile list",
    "schema",
    "version",
];

#[test]
fn every_command_is_in_one_of_these_tables() {
    let rig = Rig::without_token();
    let tables = [
        WITH_MODULE,
        READS,
        CEREMONIES,
        WRITES,
        LEDGERS,
        DIRECTORIES,
        NONE,
        &["kms create-key"],
    ];
    let named: Vec<_> = tables
        .into_iter()
        .flatten()
        .chain(NAMES.iter().map(|(line, _)| line))
        .collect();
    let missing: BTreeSet<_> = all_commands(&rig)
        .into_iter()
        .filter(|command| {
            let path: Vec<_> = command.iter().map(String::as_str).collect();
            !path.is_empty() && commands_below(&rig, &path).is_empty()
        })
        .map(|command| command.join(" "))
        .filter(|command| !named.iter().any(|line| line.starts_with(command.as_str())))
        .collect();
    assert_eq!(missing, BTreeSet::new());
    let document =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/exit-codes.md")).expect("the document");
    let (situations, _) = document.split_once("## Every kind").expect("two parts");
    for (_, kind) in NAMES {
        assert!(situations.contains(&format!("`{kind}`")), "{kind}");
    }
}
