//! Places where secrets could leak: memory, core dumps, other processes of the same user, argv, files.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Rig, shim, signal, softhsm, wait_until_stopped};
use crate::oracle::openssl;

/// All readable memory of a process, mapping by mapping, from outside.
fn memory_of(pid: u32) -> Vec<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("its mappings");
    let memory = File::open(format!("/proc/{pid}/mem")).expect("its memory (these tests run as root)");
    let mut mappings = Vec::new();
    for line in maps
        .lines()
        .filter(|line| line.split(' ').nth(1).is_some_and(|flags| flags.starts_with('r')))
    {
        let (from, to) = line
            .split(' ')
            .next()
            .and_then(|range| range.split_once('-'))
            .expect("a range");
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).expect("an address"));
        let mut bytes = vec![0; usize::try_from(to - from).expect("a length")];
        // Some special mappings cannot be read.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            mappings.push(bytes);
        }
    }
    mappings
}

/// How many of the 32-byte windows of `secret`, every 8 bytes, are somewhere in memory.
fn hits(memory: &[Vec<u8>], secret: &[u8]) -> usize {
    let windows: std::collections::HashSet<&[u8]> = secret.windows(32).step_by(8).collect();
    let prefixes: std::collections::HashSet<[u8; 4]> = windows
        .iter()
        .map(|window| [window[0], window[1], window[2], window[3]])
        .collect();
    let mut found = std::collections::HashSet::new();
    for mapping in memory {
        for (index, prefix) in mapping.windows(4).enumerate() {
            if prefixes.contains(prefix)
                && let Some(window) = mapping.get(index..index + 32)
                && windows.contains(window)
            {
                found.insert(window);
            }
        }
    }
    found.len()
}

/// The private key of `pair.json` in the forms in which it passes through a process.
fn private_key_forms(rig: &Rig) -> Vec<(&'static str, Vec<u8>)> {
    let base64 = rig.decrypt_with_aws_cli();
    rig.write("plaintext.b64", &base64);
    openssl(
        rig,
        &[
            "base64",
            "-d",
            "-A",
            "-in",
            "plaintext.b64",
            "-out",
            "plaintext.der",
        ],
    );
    let der = rig.read("plaintext.der");
    // An RSAPrivateKey is modulus, exponent, d, p, q, …: everything behind the modulus is secret.
    let secret_der = der[der.len() / 3..].to_vec();
    let backwards = secret_der.iter().rev().copied().collect();
    let secret_base64 = base64.trim().as_bytes()[base64.len() / 3..].to_vec();
    fs::remove_file(rig.path("plaintext.der")).expect("removed");
    vec![
        ("DER", secret_der),
        ("little-endian", backwards),
        ("base64", secret_base64),
    ]
}

fn import_behind_shim(rig: &Rig, stop: &str) -> Child {
    let mut command = rig.prepare(&["kms", "import", "pair.json", "--label", "customer-ca"]);
    command
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", stop);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

#[test]
fn when_the_wrapped_key_goes_to_the_token_the_plaintext_is_gone_from_memory() {
    let rig = Rig::new().with_pair("RSA_2048");
    let forms = private_key_forms(&rig);
    let pair: Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    let public_base64 = pair["PublicKey"].as_str().expect("base64").as_bytes().to_vec();
    rig.write("public.b64", &public_base64);
    openssl(
        &rig,
        &["base64", "-d", "-A", "-in", "public.b64", "-out", "public.der"],
    );

    // The answers are not held back, because the sender was dropped.
    let (_, hold) = mpsc::channel();
    let (arrived, seen) = mpsc::channel();
    let endpoint = proxy(rig.endpoint(), hold, arrived);
    let rig = rig.with("AWS_ENDPOINT_URL", endpoint);

    // KMS has answered, the SDK and TLS had the plaintext, and it was checked and wrapped.
    let mut child = import_behind_shim(&rig, "C_UnwrapKey@2");
    wait_until_stopped(child.id());
    assert!(seen.try_recv().is_ok(), "KMS was asked through the proxy");
    let memory = memory_of(child.id());
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its status");
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("its limits");
    child.kill().expect("it ends");
    child.wait().expect("it ended");

    // The scan works: it finds the public key, which is in use.
    let public = rig.read("public.der");
    assert!(hits(&memory, &public) > 8, "the scan finds nothing at all");
    for (form, secret) in forms {
        assert_eq!(
            hits(&memory, &secret),
            0,
            "the private key is in memory as {form}"
        );
    }
    // No core dump, and all memory is locked, because this process may lock it.
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("the limit");
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"],
        "{core}"
    );
    let locked = status
        .lines()
        .find_map(|line| line.strip_prefix("VmLck:"))
        .expect("locked memory");
    assert!(!locked.trim().starts_with("0 "), "{locked}");
}

/// Passes connections on to the local AWS. Each piece of an answer is held back until `hold` says so; the answer's
/// `Connection: close` is hidden, and the connection stays open: KMS keeps its connections too.
fn proxy(target: String, hold: mpsc::Receiver<()>, arrived: mpsc::Sender<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    thread::spawn(move || {
        let target = target.trim_start_matches("http://").to_owned();
        let mut kept = Vec::new();
        for mut client in listener.incoming().flatten() {
            let server = TcpStream::connect(&target).expect("the local AWS");
            let (mut from_client, mut to_server) = (
                client.try_clone().expect("a socket"),
                server.try_clone().expect("a socket"),
            );
            thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            let mut from_server = server;
            let mut answer = vec![0; 65536];
            while let Ok(length @ 1..) = from_server.read(&mut answer) {
                let _ = arrived.send(());
                let _ = hold.recv_timeout(Duration::from_secs(60));
                if client.write_all(&keep_alive(&answer[..length])).is_err() {
                    break;
                }
            }
            kept.push(client);
        }
    });
    address
}

fn keep_alive(answer: &[u8]) -> Vec<u8> {
    const CLOSE: &[u8] = b"Connection: close";
    let mut answer = answer.to_vec();
    if let Some(at) = answer.windows(CLOSE.len()).position(|window| window == CLOSE) {
        answer[at..at + CLOSE.len()].copy_from_slice(b"X-Was-Closed: yes");
    }
    answer
}

#[test]
fn while_kms_decrypts_no_other_process_of_the_user_can_look_in() {
    let rig = Rig::new().with_pair("ECC_NIST_P256").with_aws();
    let target = rig.endpoint();
    let (let_go, hold) = mpsc::channel();
    let (arrived, seen) = mpsc::channel();
    let rig = rig.with("AWS_ENDPOINT_URL", proxy(target, hold, arrived));
    // As an ordinary user, because root may read everything.
    rig.give_to_ordinary_user();
    let mut command = rig.as_ordinary_user(&["kms", "import", "pair.json", "--label", "customer-ca"]);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    seen.recv_timeout(Duration::from_secs(60)).expect("KMS was asked");

    // The same user tries to read the process with the key in its memory, and one without.
    let look = |pid: u32| rig.tool_as_ordinary_user("cat", &[&format!("/proc/{pid}/environ")]);
    let denied = look(child.id());
    assert_ne!(denied.code, Some(0), "{denied:?}");
    assert!(denied.stderr.contains("Permission denied"), "{denied:?}");
    let mut sleeper = rig
        .command_as_ordinary_user("sleep", &["60"])
        .spawn()
        .expect("it starts");
    thread::sleep(Duration::from_millis(50));
    assert_eq!(
        look(sleeper.id()).code,
        Some(0),
        "an ordinary process can be looked into"
    );
    sleeper.kill().expect("it ends");
    sleeper.wait().expect("it ended");

    let status = fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("its limits");
    let core = status
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("the limit");
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"],
        "{core}"
    );
    for _ in 0..16 {
        let _ = let_go.send(());
    }
    let output = child.wait_with_output().expect("it ended");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn no_pin_is_in_the_arguments_or_the_environment_of_any_process() {
    let rig = Rig::new();
    // `rig new` passes two PINs to a child process, which is stopped in the middle of C_InitToken.
    let mut command = rig.prepare(&[
        "rig",
        "new",
        "second",
        "--module",
        shim().to_str().expect("UTF-8"),
    ]);
    command
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_STOP", "C_InitToken");
    let mut parent = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let (child, staging) = find_stopped_child(&rig, parent.id());
    for pin in ["pin", "so-pin"] {
        let pin = fs::read(staging.join(pin)).expect("the PIN file");
        for pid in [parent.id(), child] {
            for file in ["cmdline", "environ"] {
                let bytes = fs::read(format!("/proc/{pid}/{file}")).expect("the process lives");
                assert!(bytes.len() > 10, "something was read");
                assert!(
                    !bytes.windows(pin.len()).any(|window| window == pin),
                    "{file} of {pid}"
                );
            }
        }
    }
    signal(child, Signal::KILL);
    parent.wait().expect("it ended");
    assert_eq!(rig.files(), ["rig"], "the rig that was not finished is gone");
}

/// The stopped child of `parent`, and the directory in which the rig is being made.
fn find_stopped_child(rig: &Rig, parent: u32) -> (u32, std::path::PathBuf) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let children =
            fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
            if status.contains("State:\tT") {
                let name = rig
                    .files()
                    .into_iter()
                    .find(|name| name.starts_with(".hsm-ca-rig"))
                    .expect("the rig being made");
                return (child.parse().expect("a number"), rig.path(&name));
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("no child stopped");
}

#[test]
fn the_private_key_is_in_no_file_that_import_makes() {
    let rig = Rig::new().with_pair("RSA_2048");
    let forms = private_key_forms(&rig);
    fs::remove_file(rig.path("plaintext.b64")).expect("removed");
    rig.import().ok();
    let mut files = vec![rig.path("")];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                fs::read_dir(&path)
                    .expect("a directory")
                    .map(|entry| entry.expect("an entry").path()),
            );
            continue;
        }
        let content = fs::read(&path).expect("a file");
        read += 1;
        for (form, secret) in &forms {
            assert_eq!(
                hits(std::slice::from_ref(&content), secret),
                0,
                "{} holds the private key as {form}",
                path.display()
            );
        }
    }
    assert!(read > 5, "the token's own files were read too");
}
