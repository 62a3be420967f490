//! A rig per test, the program as a child process, and one local AWS for all tests.

mod cluster;
mod echo_server;
mod faults;
mod hierarchy;
mod kms_authority;
mod local_aws;
mod process;
mod remote;
mod responder;
mod run;
mod scenario;
mod sealed;
mod stored_keys;
mod templates;
mod tls_server;
mod tokens;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use cluster::{HSM1, HSM2, LocalCluster};
pub(crate) use echo_server::EchoServer;
pub(crate) use faults::{Call, Keys};
pub(crate) use hierarchy::Hierarchy;
pub(crate) use kms_authority::{KmsAuthority, make_kms_key};
pub(crate) use local_aws::Weather;
use local_aws::local_aws;
pub(crate) use process::{in_mount_namespace, signal};
pub(crate) use remote::Reporting;
pub(crate) use responder::Responder;
pub(crate) use run::Run;
pub(crate) use scenario::Scenario;
pub(crate) use sealed::{RECIPIENT, bare_id, kms};
use stored_keys::StoredKeys;
pub(crate) use templates::{authority, ready_authority};
pub(crate) use tls_server::TlsServer;
use tokens::Daemon;
pub(crate) use tokens::{TokenKind, kryoptic};

/// The KMS alias of AWS's and Keyfactor's published recipe.
pub(crate) const ALIAS: &str = "alias/cloudhsm-customerCA-key-encryption-key";

/// Debian's `nobody`: the tests run as root, which may look into every process.
const ORDINARY_USER: u32 = 65534;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_hsm-ca");

/// A file that the build put beside the program, or that scripts/test.sh did.
fn beside_program(relative: &str) -> PathBuf {
    let path = Path::new(PROGRAM)
        .parent()
        .expect("the program is in a directory")
        .join(relative);
    assert!(
        path.exists(),
        "{} is missing: run the tests with scripts/test.sh",
        path.display()
    );
    path
}

/// The fault-injecting module.
pub(crate) fn shim() -> PathBuf {
    beside_program("libcloudhsm_shim.so")
}

/// A program of the examples.
pub(crate) fn example(name: &str) -> PathBuf {
    beside_program(&format!("examples/{name}"))
}

/// A program of the Python environment: `aws`, `lint_pkix_cert`.
pub(crate) fn python_tool(name: &str) -> PathBuf {
    beside_program(&format!("../venv/bin/{name}"))
}

pub(crate) fn softhsm() -> PathBuf {
    hsm_ca::token::RigToken::SOFTHSM
        .find_module()
        .expect("SoftHSM is missing: run the tests with scripts/test.sh")
}

/// A token in a directory of its own, which is also the working directory.
pub(crate) struct Rig {
    // Stopped before its directory goes.
    daemon: Option<Daemon>,
    pub(crate) kind: TokenKind,
    directory: TempDir,
    environment: Vec<(String, String)>,
    /// The fault-injecting module, where it is not the one beside the program.
    shim: Option<PathBuf>,
    keys: StoredKeys,
}

impl Rig {
    /// The token that most tests run on: SoftHSM.
    pub(crate) fn new() -> Self {
        Self::of(TokenKind::SoftHsm)
    }

    /// A working directory without a token: no module is named, no PIN is there.
    pub(crate) fn without_token() -> Self {
        Self {
            daemon: None,
            kind: TokenKind::SoftHsm,
            directory: TempDir::new().expect("a temporary directory"),
            environment: Vec::new(),
            shim: None,
            keys: StoredKeys::default(),
        }
    }

    /// A token of its own, the same as this one is now, with every file beside it: making one costs more. Not for tokens that a
    /// daemon keeps alive.
    pub(crate) fn copy(&self) -> Self {
        assert!(self.daemon.is_none(), "a daemon is not copied");
        let directory = TempDir::new().expect("a temporary directory");
        copy_directory(self.directory.path(), directory.path());
        let [from, to] = [&self.directory, &directory]
            .map(|directory| directory.path().to_str().expect("UTF-8").to_owned());
        // Every file that a token's configuration is in has absolute paths.
        for name in [
            "softhsm2.conf",
            "kryoptic.conf",
            "hsm-ca.toml",
            "env.sh",
            "token.env",
            "module",
        ] {
            let path = directory.path().join("rig").join(name);
            if let Ok(text) = fs::read_to_string(&path) {
                fs::write(&path, text.replace(&from, &to)).expect("a file");
            }
        }
        let environment = self.environment.iter();
        Self {
            daemon: None,
            kind: self.kind,
            environment: environment
                .map(|(name, value)| (name.clone(), value.replace(&from, &to)))
                .collect(),
            shim: self.shim.clone(),
            keys: self.keys.clone(),
            directory,
        }
    }

    /// With a copy of the fault-injecting module that nobody else uses.
    pub(crate) fn behind(self, shim: &Path) -> Self {
        Self {
            shim: Some(shim.to_owned()),
            ..self
        }
    }

    /// CloudHSM's rules with wrapping pairs that are generated, as on every other token; without this a stored one answers.
    pub(crate) fn generating_wrapping_pairs(mut self) -> Self {
        self.environment
            .retain(|(name, _)| name != "CLOUDHSM_SHIM_STORED_PAIR");
        self
    }

    /// With one more variable for every command that follows.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.environment.push((
            name.to_owned(),
            value.as_ref().to_str().expect("UTF-8").to_owned(),
        ));
        self
    }

    /// Behind the fault-injecting module, with one of its rules.
    pub(crate) fn command_with_rule(&self, arguments: &[&str], rules: &[(&str, &str)]) -> Run {
        let mut command = self.prepare(arguments);
        command
            .env("HSM_CA_MODULE", self.shim.clone().unwrap_or_else(shim))
            .env("CLOUDHSM_SHIM_TARGET", self.oracle_module());
        command
            .env("CLOUDHSM_SHIM_LOG", self.path("calls.log"))
            .env("CLOUDHSM_SHIM_STORED_PAIR", "1");
        for (name, value) in rules {
            command.env(format!("CLOUDHSM_SHIM_{name}"), value);
        }
        let _ = fs::remove_file(self.path("calls.log"));
        self.without_secrets(Run::of(&mut command))
    }

    /// The PKCS#11 functions that the last command behind the fault-injecting module called.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("calls.log")).expect("the module was loaded");
        log.lines()
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file");
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn pin(&self) -> String {
        fs::read_to_string(self.path("rig/pin")).expect("the rig's PIN")
    }

    /// The files in the working directory.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("the directory");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }

    /// The program, in the rig's directory, with nothing of the caller's settings.
    pub(crate) fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        self.settle(&mut command);
        command.args(arguments);
        command
    }

    /// Another program, in the same place.
    pub(crate) fn tool(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Run {
        Run::of(&mut self.prepare_tool(program, arguments))
    }

    pub(crate) fn prepare_tool(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        self.settle(&mut command);
        command.envs(self.module_environment());
        match program.as_ref() == "openssl" {
            true => command.args(self.keys.in_place_of_new(self.directory.path(), arguments)),
            false => command.args(arguments),
        };
        command
    }

    /// What is encrypted in the pair file, in base64, decrypted by the AWS CLI.
    pub(crate) fn decrypt_with_aws_cli(&self) -> String {
        let pair: Value = serde_json::from_slice(&self.read("pair.json")).expect("JSON");
        self.write(
            "blob.b64",
            pair["PrivateKeyCiphertextBlob"].as_str().expect("base64"),
        );
        self.tool(
            "openssl",
            &["base64", "-d", "-A", "-in", "blob.b64", "-out", "blob"],
        )
        .ok();
        let decrypt = [
            "kms",
            "decrypt",
            "--key-id",
            ALIAS,
            "--ciphertext-blob",
            "fileb://blob",
        ];
        self.aws(&[&decrypt[..], &["--query", "Plaintext", "--output", "text"]].concat())
            .ok()
            .stdout
            .trim()
            .to_owned()
    }

    fn settle(&self, command: &mut Command) {
        command.env_clear().current_dir(self.directory.path());
        command
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.directory.path())
            .env("LC_ALL", "C.UTF-8");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Run {
        self.without_secrets(Run::of(&mut self.prepare(arguments)))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Run {
        self.command(&[&["--format", "json"], arguments].concat())
    }

    /// Whatever a command says, it does not say the PIN.
    pub(crate) fn without_secrets(&self, run: Run) -> Run {
        if let Ok(pin) = fs::read_to_string(self.path("rig/pin")) {
            assert!(
                !run.stdout.contains(&pin) && !run.stderr.contains(&pin),
                "the PIN is printed"
            );
        }
        run
    }

    /// pkcs11-tool, logged in, which must succeed.
    #[track_caller]
    pub(crate) fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let (pin, module) = (self.pin(), self.oracle_module());
        let module = module.to_str().expect("UTF-8");
        let login = [
            "--module",
            module,
            "--token-label",
            "ca",
            "--login",
            "--pin",
            &pin,
        ];
        self.tool("pkcs11-tool", &[&login[..], arguments].concat())
            .ok()
            .stdout
    }

    /// Takes both halves of a key off the token.
    #[track_caller]
    pub(crate) fn delete_key(&self, id: &str) {
        for kind in ["privkey", "pubkey"] {
            self.pkcs11_tool(&["--delete-object", "--type", kind, "--id", id]);
        }
    }

    /// The objects on the token as pkcs11-tool sees them.
    #[track_caller]
    pub(crate) fn objects(&self) -> String {
        let listed = self.pkcs11_tool(&["--list-objects"]);
        // Kryoptic shows its mechanisms as objects (CKO_MECHANISM, 7).
        let shown = listed.lines().filter(|line| !line.ends_with(", type 7"));
        shown.map(|line| format!("{line}\n")).collect()
    }

    #[track_caller]
    pub(crate) fn assert_token_is_empty(&self) {
        assert_eq!(self.objects().trim(), "", "objects are left on the token");
    }

    /// A KMS key under the recipe's alias.
    pub(crate) fn with_key(self) -> Self {
        let rig = self.with_aws();
        rig.ensure_key();
        rig
    }

    /// A KMS key under the recipe's alias, and a pair in `pair.json`.
    pub(crate) fn with_pair(self, spec: &str) -> Self {
        let rig = self.with_key();
        rig.command(&[
            "kms",
            "generate-key-pair",
            "--key-id",
            ALIAS,
            "--spec",
            spec,
            "--out",
            "pair.json",
        ])
        .ok();
        rig
    }

    /// The settings of the local AWS.
    pub(crate) fn with_aws(self) -> Self {
        let aws = local_aws();
        self.with("AWS_ENDPOINT_URL", aws)
            .with("AWS_REGION", "us-east-1")
            .with("AWS_DEFAULT_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", "test")
            .with("AWS_SECRET_ACCESS_KEY", "test")
            .with("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// The address that AWS calls go to.
    pub(crate) fn endpoint(&self) -> String {
        let set = self
            .environment
            .iter()
            .rev()
            .find(|(name, _)| name == "AWS_ENDPOINT_URL");
        set.expect("with_aws was called").1.clone()
    }

    /// Makes everything here belong to an ordinary user, with a copy of the program that such a one can reach.
    pub(crate) fn give_to_ordinary_user(&self) {
        fs::copy(PROGRAM, self.path("hsm-ca")).expect("a copy of the program");
        Run::of(
            Command::new("chown")
                .args(["-R", &ORDINARY_USER.to_string()])
                .arg(self.directory.path()),
        )
        .ok();
    }

    /// The program, as an ordinary user.
    pub(crate) fn as_ordinary_user(&self, arguments: &[&str]) -> Command {
        self.command_as_ordinary_user(self.path("hsm-ca").to_str().expect("UTF-8"), arguments)
    }

    /// Another program, as an ordinary user.
    pub(crate) fn command_as_ordinary_user(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        self.settle(&mut command);
        command.uid(ORDINARY_USER).gid(ORDINARY_USER).args(arguments);
        command
    }

    pub(crate) fn tool_as_ordinary_user(&self, program: &str, arguments: &[&str]) -> Run {
        Run::of(&mut self.command_as_ordinary_user(program, arguments))
    }

    /// The alias is made once for all tests.
    fn ensure_key(&self) {
        static KEY: OnceLock<()> = OnceLock::new();
        KEY.get_or_init(|| drop(self.command(&["kms", "create-key", "--alias", ALIAS]).ok()));
    }

    /// The AWS CLI.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Run {
        self.tool(python_tool("aws"), arguments)
    }

    /// The import of `pair.json`, with a stored wrapping pair. The module itself generates one in the tests of the compatibility table,
    /// on every token, and wherever a test writes the command out.
    #[track_caller]
    pub(crate) fn import(&self) -> Run {
        self.import_as("customer-ca")
    }

    /// The same under another label.
    #[track_caller]
    pub(crate) fn import_as(&self, label: &str) -> Run {
        let mut command = self.prepare(&["--format", "json", "kms", "import", "pair.json", "--label", label]);
        // A test that names another module means that one.
        let named = self
            .environment
            .iter()
            .rev()
            .find(|(name, _)| name == "HSM_CA_MODULE");
        let module = self.oracle_module();
        if named.is_none_or(|(_, named)| Path::new(named) == module) {
            command
                .env("HSM_CA_MODULE", self.shim.clone().unwrap_or_else(shim))
                .env("CLOUDHSM_SHIM_TARGET", module)
                .env("CLOUDHSM_SHIM_STORED_PAIR", "1");
        }
        self.without_secrets(Run::of(&mut command))
    }

    /// A CA: a pair, imported, and its certificate in `customerCA.crt`.
    pub(crate) fn with_authority(self, spec: &str) -> Self {
        let rig = self.with_pair(spec);
        rig.import().ok();
        rig.command(&[
            "ca",
            "create",
            "--key",
            "customer-ca",
            "--subject",
            "CN=Test CA,O=Test,C=US",
            "--out",
            "customerCA.crt",
        ])
        .ok();
        rig
    }

    /// Brings a CA that another program made into the ledger.
    #[track_caller]
    pub(crate) fn adopt(&self, authority: &str) {
        self.command(&["ca", "adopt", authority]).ok();
    }

    pub(crate) fn sign(&self, request: &str) -> Run {
        self.json(&[
            "csr",
            "sign",
            request,
            "--ca",
            "customerCA.crt",
            "--profile",
            "cloudhsm-cluster",
            "--out",
            "out.crt",
        ])
    }
}

/// Copies a directory with what is in it.
fn copy_directory(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the directory") {
        let entry = entry.expect("an entry");
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir(&copy).expect("a directory");
            copy_directory(&source, &copy);
        } else {
            // With the mode, which counts for PIN files.
            fs::copy(&source, &copy).expect("a copy");
        }
    }
}

/// The same on each of these tokens, at the same time.
pub(crate) fn on_each(kinds: &[TokenKind], test: impl Fn(TokenKind) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        let runs: Vec<_> = kinds
            .iter()
            .map(|kind| (kind, scope.spawn(move || test(*kind))))
            .collect();
        for (kind, run) in runs {
            assert!(run.join().is_ok(), "{kind:?}: see above");
        }
    });
}

/// Waits until a process has stopped itself (state T), as the fault-injecting module does on request.
pub(crate) fn wait_until_stopped(pid: u32) {
    for _ in 0..6000 {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
        assert!(!status.contains("State:\tZ"), "it ended before it stopped");
        if status.contains("State:\tT") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("process {pid} did not stop");
}
