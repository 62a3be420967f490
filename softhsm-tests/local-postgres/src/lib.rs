//! A PostgreSQL cluster for one test, on loopback and in a socket directory. It always ends with the process that started it.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Debian's.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// The superuser of every cluster here.
pub const SUPERUSER: &str = "postgres";

/// How a server ends.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// Clients are disconnected, and everything is written (SIGINT).
    Fast,
    /// Like a power failure, except for the kernel's buffers (SIGQUIT).
    Immediate,
}

/// A server with its data.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    port: u16,
    options: Vec<String>,
    guard: Option<Child>,
}

impl Cluster {
    /// A new one, with these settings besides its own.
    #[must_use]
    pub fn start(options: &[&str]) -> Self {
        let directory = new_directory();
        let data = directory.join("data");
        run(as_postgres("initdb").arg("-D").arg(&data).args([
            "-E",
            "UTF8",
            "--locale=C",
            "-A",
            "trust",
            "-N",
            "-U",
            SUPERUSER,
        ]));
        Self::on(directory, options)
    }

    /// A standby of this one. The primary waits for it if `synchronous_standby_names` is set.
    #[must_use]
    pub fn standby(&self, name: &str) -> Self {
        let directory = new_directory();
        run(as_postgres("pg_basebackup")
            .args(["-c", "fast", "-X", "stream", "-R", "-h"])
            .arg(self.sockets())
            .args(["-p", &self.port.to_string(), "-U", SUPERUSER])
            .args(["-d", &format!("application_name={name}"), "-D"])
            .arg(directory.join("data")));
        Self::on(directory, &[])
    }

    fn on(directory: PathBuf, options: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        let mut cluster = Self {
            directory,
            port,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            guard: None,
        };
        cluster.resume();
        cluster
    }

    /// The port on loopback.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its socket.
    #[must_use]
    pub fn sockets(&self) -> PathBuf {
        self.directory.join("sockets")
    }

    /// The directory of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// A new database with this name.
    pub fn create_database(&self, name: &str) {
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"),
        );
    }

    /// The output of `psql`: a row on each line, fields separated by `|`.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn query(&self, database: &str, sql: &str) -> String {
        let output = self.psql(SUPERUSER, database, sql);
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// [`query`](Self::query) without a result.
    pub fn sql(&self, database: &str, sql: &str) {
        let _ = self.query(database, sql);
    }

    /// `psql` as this user.
    #[must_use]
    pub fn psql(&self, user: &str, database: &str, sql: &str) -> Output {
        Command::new(Path::new(PROGRAMS).join("psql"))
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-h"])
            .arg(self.sockets())
            .args([
                "-p",
                &self.port.to_string(),
                "-U",
                user,
                "-d",
                database,
                "-c",
                sql,
            ])
            .output()
            .expect("psql")
    }

    /// Writes a file for the server, with the mode and owner that it requires for a key.
    pub fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.data().join(name);
        fs::write(&path, content).expect("a file for the server");
        run(Command::new("chmod").arg("600").arg(&path));
        own(&path);
        path
    }

    /// Reloads its configuration.
    pub fn reload(&self) {
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Promotes a standby.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote(true, 30)");
    }

    /// Ends it; [`resume`](Self::resume) starts it again.
    pub fn stop(&mut self, how: Stop) {
        let Some(mut guard) = self.guard.take() else {
            return;
        };
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let process = text.lines().next().and_then(|line| line.parse().ok());
        let process = process.and_then(rustix::process::Pid::from_raw);
        let signal = match how {
            Stop::Fast => rustix::process::Signal::INT,
            Stop::Immediate => rustix::process::Signal::QUIT,
        };
        if let Some(process) = process {
            let _ = rustix::process::kill_process(process, signal);
        }
        if let Some(mut pipe) = guard.stdin.take() {
            let _ = pipe.write_all(b"keep\n");
        }
        let _ = guard.wait();
    }

    /// Starts it on the same port.
    ///
    /// # Panics
    /// If it accepts no connection within a minute.
    pub fn resume(&mut self) {
        const GUARD: &str = r#"directory=$1; shift; "$@" & server=$!; read -r line
            [ "$line" = keep ] || kill -INT $server; wait $server; [ "$line" = keep ] || rm -rf "$directory""#;
        let server = as_postgres("postgres");
        let log = fs::File::create(self.directory.join("log")).expect("a log");
        let mut guard = Command::new("sh");
        guard
            .args(["-c", GUARD, "sh"])
            .arg(&self.directory)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-k"])
            .arg(self.sockets())
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "shared_buffers=16MB",
                "-c",
                "max_connections=40",
            ]);
        for option in &self.options {
            guard.args(["-c", option]);
        }
        let guard = guard
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.guard = Some(guard.expect("sh"));
        let start = Instant::now();
        while !self.psql(SUPERUSER, "postgres", "SELECT 1").status.success() {
            let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "PostgreSQL does not start: {log}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// The cluster of this process, and a new database in it.
///
/// # Panics
/// If PostgreSQL is not installed: `scripts/install.sh` installs it.
#[must_use]
pub fn new_database() -> (&'static Cluster, String) {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // These tests simulate no power failure, so commits need not wait for the disk. Other tests cover that.
    let cluster = SHARED.get_or_init(|| Cluster::start(&["wal_sync_method=fdatasync"]));
    let name = format!("ledger_{}", COUNT.fetch_add(1, Ordering::SeqCst));
    cluster.create_database(&name);
    (cluster, name)
}

fn new_directory() -> PathBuf {
    let directory = tempfile::Builder::new()
        .prefix("hsm-ca-postgres-")
        .tempdir()
        .expect("a directory")
        .keep();
    fs::create_dir(directory.join("sockets")).expect("a directory for the socket");
    for path in [directory.clone(), directory.join("sockets")] {
        run(Command::new("chmod").arg("755").arg(&path));
        own(&path);
    }
    directory
}

fn own(path: &Path) {
    if rustix::process::getuid().is_root() {
        run(Command::new("chown").arg(SUPERUSER).arg(path));
    }
}

/// PostgreSQL's programs refuse to be started by root.
fn as_postgres(program: &str) -> Command {
    let program = Path::new(PROGRAMS).join(program);
    assert!(
        program.exists(),
        "{} is missing: scripts/install.sh installs it",
        program.display()
    );
    if !rustix::process::getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", SUPERUSER, "--regid", SUPERUSER, "--clear-groups", "--"])
        .arg(program);
    command
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
