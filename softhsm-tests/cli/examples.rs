//! Runs every example from the help texts.

use std::fs;

use serde_json::json;

use super::help::{all_commands, help_of};
use super::program::commands_below;
use crate::cluster::evidence::roots;
use crate::harness::{HSM2, LocalCluster, PROGRAM, Rig, Run, python_tool};
use crate::oracle::make_cluster_request;

/// The examples at the end of a command's help.
fn examples_of(rig: &Rig, command: &[String]) -> Vec<String> {
    let help = help_of(rig, command, "--help");
    let Some((_, listed)) = help.split_once("\nExamples:\n") else {
        return Vec::new();
    };
    let lines = listed.lines().take_while(|line| line.starts_with("  "));
    let mut examples: Vec<String> = Vec::new();
    for line in lines.map(str::trim) {
        match examples.last_mut() {
            Some(last) if last.ends_with('\\') => *last = format!("{last}\n{line}"),
            _ => examples.push(line.to_owned()),
        }
    }
    examples
}

/// The order in which each example finds the files of the earlier ones.
const STORY: [&str; 68] = [
    "rig new",
    "doctor",
    "token list",
    "token show",
    "token bench",
    "key generate",
    "key list",
    "key show",
    "key verify",
    "key export-public",
    "key delete",
    "kms create-key",
    "kms generate-key-pair",
    "kms import",
    "kms recipient-key",
    "ca create",
    "csr create",
    "csr show",
    "csr sign",
    "cert show",
    "cert verify",
    "cert rules",
    "profile list",
    "profile show",
    "cert revoke",
    "crl create",
    "crl show",
    "ocsp respond",
    "ocsp show",
    "ocsp publish",
    "ca adopt",
    "cert cross-sign",
    "ledger new",
    "ledger list",
    "ledger show",
    "ledger verify",
    "ledger checkpoint",
    "ledger prove",
    "ledger verify-proof",
    "ledger deliver",
    "ledger copy",
    "ledger accept",
    "ledger export",
    "show",
    "completions",
    "man",
    "schema",
    "version",
    "cluster list",
    "cluster fetch",
    "cluster verify",
    "cluster initialize",
    "cluster check",
    "ceremony new",
    "ceremony check",
    "ceremony plan",
    "ceremony show",
    "ceremony rehearse",
    "ceremony approve",
    "ceremony approvals",
    "ceremony script",
    "ceremony note",
    "ceremony run",
    "ceremony attest",
    "ceremony verify",
    "ceremony report",
    "ceremony export",
    "ceremony abort",
];

/// The cluster in the examples, which the test replaces by its own.
const CLUSTER: &str = "cluster-1a2b3c4d5e6";

/// The entry in the examples, which the test replaces by that of cluster.crt.
const ENTRY: &str = "#7";

/// An account of the local AWS with no other test's clusters.
const ACCESS_KEY: &str = "AKIAEXAMPLES00333344445555";

/// The shell in which the examples run.
struct Shell {
    rig: Rig,
    cluster: LocalCluster,
    /// The ledger's entry number of cluster.crt.
    entry: String,
}

impl Shell {
    fn open() -> Self {
        let rig = Rig::without_token().with_aws();
        let rig = rig.with("AWS_ACCESS_KEY_ID", ACCESS_KEY);
        let bin = rig.path("bin");
        fs::create_dir(&bin).expect("a directory");
        std::os::unix::fs::symlink(PROGRAM, bin.join("hsm-ca")).expect("a link");
        let settings = json!({ "hsm_type": HSM2, "account": "333344445555" });
        Self {
            rig,
            cluster: LocalCluster::with(&settings),
            entry: String::new(),
        }
    }

    /// Runs a command with the rig's settings sourced.
    fn run(&self, line: &str) -> Run {
        let line = line
            .replace(CLUSTER, self.cluster.id())
            .replace(ENTRY, &self.entry)
            // Nobody types the cluster's id.
            .replace("cluster initialize", "cluster initialize --yes");
        let script =
            format!("export PATH=\"$PWD/bin:$PATH\"; if [ -e rig/env.sh ]; then . rig/env.sh; fi; {line}");
        self.rig.tool("bash", &["-c", &script])
    }

    fn openssl(&self, line: &str) {
        self.rig
            .tool("openssl", &line.split_whitespace().collect::<Vec<_>>())
            .ok();
    }

    /// Prepares what an example needs and no example makes.
    fn prepare(&mut self, command: &str) {
        let directory = |name| fs::create_dir(self.rig.path(name)).expect("a directory");
        match command {
            "key delete" => drop(self.run("hsm-ca key generate --label old-ca --type ec:p256").ok()),
            "csr sign" => {
                make_cluster_request(&self.rig, "cluster.csr");
                directory("requests");
                directory("signed");
                self.openssl(
                    "req -new -newkey rsa:2048 -nodes -keyout www.key -subj /CN=www.example.com \
                     -addext subjectAltName=DNS:www.example.com -out requests/www.csr",
                );
            }
            "ocsp respond" => {
                self.openssl("ocsp -issuer customerCA.crt -cert cluster.crt -reqout request.ocsp");
            }
            "ocsp publish" => directory("ocsp"),
            "ca adopt" => self.openssl(
                "req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=Other -days 30 \
                 -addext keyUsage=critical,keyCertSign,cRLSign -out other-ca.crt",
            ),
            "ledger prove" => {
                let shown = self.run("hsm-ca --json cert show cluster.crt").ok().json();
                let serial = shown["serial_number"].as_str().expect("a serial number");
                let show = format!("hsm-ca --json ledger show {serial}");
                let found = self.run(&show).ok().json();
                self.entry = format!("#{}", found["entries"][0]["entry"]);
            }
            "cluster verify" => {
                let roots = self.cluster.roots_of_hsm();
                self.rig.write("AWS_CloudHSM_Root-G1.crt", &roots.0);
                self.rig.write("liquid_security_certificate.crt", &roots.1);
            }
            "cluster initialize" => {
                let sign = format!(
                    "hsm-ca csr sign cluster/{CLUSTER}_ClusterCsr.csr --ca customerCA.crt --out-dir cluster"
                );
                self.run(&sign).ok();
            }
            "ceremony check" => {
                self.run(CEREMONY).ok();
            }
            // The run stops in the middle, as if the power failed.
            "ceremony note" => drop(self.hold("Signed \"root\"").ok()),
            "ceremony verify" => {
                self.run("hsm-ca ceremony attest root-r1 --ssh-key keys/W").ok();
            }
            "ceremony abort" => {
                // A ceremony that never begins, for another CA, because the ledger has the first.
                let plan = "mv root-r1 held; sed -i 's/root-r1/root-r2/; s/Root R1/Root R2/' ceremony.toml; \
                            hsm-ca ceremony plan ceremony.toml --out root-r1";
                self.run(plan).ok();
            }
            _ => {}
        }
    }

    /// `ceremony run`, with the people of the demo.
    fn hold(&self, kill_at: &str) -> Run {
        let people = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/ceremony-people.py");
        let python = python_tool("python3");
        self.run(&format!(
            "{} {people} root-r1 script.html {kill_at:?} <<<'k root'",
            python.display()
        ))
    }

    fn follow(&self, command: &str, example: &str) -> Run {
        match command {
            "ceremony run" => self.hold(""),
            // SoftHSM does not have the sealed route.
            "kms recipient-key" => self.run(&format!(
                "unset HSM_CA_CONFIG; hsm-ca rig new sealed --kind kryoptic && . sealed/env.sh && {example}"
            )),
            // The local AWS has its own roots, which this program does not know.
            "cluster verify" => {
                let files = ["AWS_CloudHSM_Root-G1.crt", "liquid_security_certificate.crt"];
                let options = roots(&self.rig, files[0], files[1]);
                self.run(&format!(
                    "{example} {} {} {} {}",
                    options[2], options[3], options[6], options[7]
                ))
            }
            _ => self.run(example),
        }
    }
}

/// A ceremony of one session, today.
const CEREMONY: &str = r#"
set -e
mkdir keys .ssh
for name in A B C W; do ssh-keygen -q -t ed25519 -N '' -C '' -f keys/$name; done
cp keys/A .ssh/id_ed25519; cp keys/A.pub .ssh/id_ed25519.pub
person() { printf '[[person]]\nname = "%s"\nroles = [%s]\nkey = "%s"\n' "$1" "$2" "$(<"keys/$1.pub")"; }
day=$(date -u -d '5 minutes' +%F)
[[ $day = $(date -u +%F) ]] && hours='["00:00Z", "23:59Z"]' || hours='["00:00+01:00", "23:00+01:00"]'
cat >ceremony.toml <<FILE
version = 1
id = "root-r1"
kind = "practice"
previous = { head = "none" }
[[session]]
name = "main"
date = $day
hours = $hours
[token.root]
serial = "$(hsm-ca token list | sed -n 's/^ca  *\([0-9a-f]*\) .*/\1/p')"
[people]
approve-threshold = 1
attend = { administrator = 1, operator = 1, approver = 1, witness = 1 }
separate = [["administrator", "operator"]]
$(person A '"approver", "administrator"')
$(person B '"operator"')
$(person C '"approver"')
$(person W '"witness"')
[[step]]
id = "k"
do = "generate-key"
token = "root"
label = "root-r1"
type = "ec:p256"
[[step]]
id = "root"
do = "create-ca"
key = "k"
subject = "CN=Root R1,O=Example"
profile = "root"
days = 7305
out = "r1.crt"
[close]
attest = ["witness", "administrator"]
waive = []
FILE
"#;

#[test]
fn every_command_has_examples_and_every_example_works() {
    let mut shell = Shell::open();
    let mut seen = 0;
    for (place, command) in STORY.iter().enumerate() {
        shell.prepare(command);
        let words: Vec<_> = command.split(' ').map(str::to_owned).collect();
        let examples = examples_of(&shell.rig, &words);
        assert!(!examples.is_empty(), "{command} has no example");
        for example in examples {
            assert!(
                example.starts_with(&format!("hsm-ca {command}")),
                "{command}: {example}"
            );
            let done = shell.follow(command, &example);
            assert_eq!(done.code, Some(0), "{place}: {example}: {done:#?}");
            seen += 1;
        }
    }
    // This test runs every example, and every command has one. A group shows some of its commands' examples.
    let mut shown = 0;
    let mut of_groups = Vec::new();
    let mut of_commands = Vec::new();
    let rig = &shell.rig;
    for command in all_commands(rig) {
        let examples = examples_of(rig, &command);
        assert!(!examples.is_empty(), "{command:?} has no example");
        match command.is_empty() || !commands_below(rig, &words_of(&command)).is_empty() {
            true => of_groups.extend(examples),
            false => {
                shown += examples.len();
                of_commands.extend(examples);
            }
        }
    }
    assert_eq!(seen, shown);
    of_groups.retain(|example| !of_commands.contains(example));
    assert_eq!(of_groups, Vec::<String>::new());
}

fn words_of(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}
