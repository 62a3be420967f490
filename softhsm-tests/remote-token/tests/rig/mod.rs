//! A SoftHSM token behind a server.
#![allow(dead_code, reason = "every test uses a part of it")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use tempfile::TempDir;

pub const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// The bytes to search for. The test itself keeps them only xor-ed.
pub struct Disguised<const N: usize>(pub [u8; N]);

const MASK: u8 = 0x5a;

impl<const N: usize> Disguised<N> {
    /// The bytes, in memory of exactly their length.
    pub fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(N);
        plain.extend(self.0.iter().map(|byte| byte ^ MASK));
        plain
    }

    /// In the form for printf(1).
    pub fn escaped(&self) -> String {
        self.0
            .iter()
            .map(|byte| format!("\\{:03o}", byte ^ MASK))
            .collect()
    }

    /// The number of occurrences of the bytes in `memory`.
    pub fn places(&self, memory: &[u8]) -> usize {
        let first = libc::c_int::from(self.0[0] ^ MASK);
        let (mut places, mut rest) = (0, memory);
        while rest.len() >= N {
            // SAFETY: a borrowed slice and its length. Not an iterator: in a debug build it would take seconds.
            let found = unsafe { libc::memchr(rest.as_ptr().cast(), first, rest.len()) };
            if found.is_null() {
                break;
            }
            rest = &rest[found.addr() - rest.as_ptr().addr()..];
            places += usize::from(rest.get(..N).is_some_and(|bytes| self.is(bytes)));
            rest = &rest[1..];
        }
        places
    }

    /// Whether they are these bytes.
    pub fn is(&self, bytes: &[u8]) -> bool {
        bytes.len() == N
            && bytes
                .iter()
                .zip(self.0)
                .all(|(byte, disguised)| byte ^ MASK == disguised)
    }
}

/// The PIN of the token: eight letters and six digits.
pub const PIN: Disguised<14> = Disguised([
    0x2b, 0x37, 0x2c, 0x20, 0x22, 0x30, 0x3d, 0x2d, 0x6d, 0x63, 0x6b, 0x6e, 0x69, 0x62,
]);

pub struct Rig {
    pub server: Child,
    pub directory: TempDir,
}

impl Rig {
    /// Makes a token, and starts a server for it.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("tokens")).expect("a directory");
        let settings = format!("directories.tokendir = {}\n", at("tokens").display());
        fs::write(at("softhsm2.conf"), settings).expect("a file");
        // The shell makes the PIN, so it is not in the memory of this process.
        let made = Command::new("sh")
            .arg("-c")
            .arg("softhsm2-util --init-token --free --label remote --so-pin 12345678 --pin \"$(printf \"$1\")\"")
            .args(["sh", &PIN.escaped()])
            .env("SOFTHSM2_CONF", at("softhsm2.conf"))
            .output()
            .expect("sh");
        assert!(
            made.status.success(),
            "softhsm2-util: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let server = server(directory.path(), std::process::id());
        Self { server, directory }
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("sock")
    }

    /// The module, loaded and initialised. A process has one connection, so only one test in a file may call this.
    pub fn module(&self) -> Pkcs11 {
        // SAFETY: the test has not started threads that read the environment.
        unsafe { env::set_var("REMOTE_TOKEN_SOCKET", self.socket()) };
        let path = env::current_exe()
            .expect("this test")
            .with_file_name("libremote_token.so");
        let module = Pkcs11::new(path).expect("the module");
        module
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .expect("a server");
        module
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts a server on `sock` in the directory of a token, and waits for it.
pub fn server(directory: &Path, parent: u32) -> Child {
    let socket = directory.join("sock");
    let mut server = Command::new(env!("CARGO_BIN_EXE_remote-token"))
        .args(["--module", SOFTHSM, "--socket"])
        .arg(&socket)
        .args(["--parent-pid", &parent.to_string()])
        .env("SOFTHSM2_CONF", directory.join("softhsm2.conf"))
        .stdin(Stdio::null())
        .spawn()
        .expect("the program");
    wait_until("a socket", || {
        assert!(server.try_wait().expect("a child").is_none(), "the server ended");
        socket.exists()
    });
    server
}

pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "waited for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
