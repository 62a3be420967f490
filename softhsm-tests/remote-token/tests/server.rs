//! The server's protocol: clients that vanish or send nonsense, and the end of the server.

mod rig;

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki_sys::*;
use remote_token::call::Call;
use remote_token::wire::{Reader, Writer};
use rig::{PIN, Rig, wait_until};

/// A client that is not the module.
struct Client(UnixStream);

impl Client {
    fn connect(socket: &Path) -> Self {
        Self(UnixStream::connect(socket).expect("a server"))
    }

    fn ask(&self, call: Call, arguments: impl FnOnce(&mut Writer)) -> (CK_RV, Reader) {
        let mut request = Writer::new();
        request.number(call.number());
        arguments(&mut request);
        request.send(&self.0).expect("a server");
        let mut answer = Reader::receive(&self.0).expect("an answer");
        (answer.number().expect("a CK_RV"), answer)
    }

    fn slot(&self) -> u64 {
        let (_, mut slots) = self.ask(Call::C_GetSlotList, |to| {
            [1, 1, 4].into_iter().for_each(|number| to.number(number));
        });
        slots.number().expect("their number");
        number(&slots.bytes().expect("slots").expect("slots")[..8])
    }

    fn session(&self) -> u64 {
        let slot = self.slot();
        let (rv, mut answer) = self.ask(Call::C_OpenSession, |to| {
            to.number(slot);
            to.number(CKF_SERIAL_SESSION | CKF_RW_SESSION);
        });
        assert_eq!(rv, CKR_OK);
        number(answer.bytes().expect("a handle").expect("a handle"))
    }

    fn login(&self, session: u64) -> CK_RV {
        let login = self.ask(Call::C_Login, |to| {
            to.number(session);
            to.number(CKU_USER);
            to.number(PIN.plain().len() as u64);
            to.bytes(Some(&PIN.plain()));
        });
        login.0
    }

    /// Whether the server has closed the connection.
    fn is_dropped(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0) | Err(_))
    }
}

/// Runs one test at a time: until exec, a process that another test starts also holds this test's connections, so a dropped client would
/// not have vanished yet.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes.try_into().expect("a number"))
}

#[test]
fn a_client_that_vanishes_leaves_no_session_and_no_login() {
    let _alone = alone();
    let rig = Rig::start();
    let first = Client::connect(&rig.socket());
    let slot = first.slot();
    let session = first.session();
    assert_eq!(first.login(session), CKR_OK);

    // The login belongs to the application, and all clients are one application.
    let second = Client::connect(&rig.socket());
    let of_second = second.session();
    assert_eq!(second.login(of_second), CKR_USER_ALREADY_LOGGED_IN);
    let closed = second.ask(Call::C_CloseAllSessions, |to| to.number(slot));
    assert_eq!(closed.0, CKR_OK);
    assert_eq!(second.login(of_second), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(first.login(session), CKR_USER_ALREADY_LOGGED_IN);
    drop(second);
    assert_eq!(first.login(session), CKR_USER_ALREADY_LOGGED_IN);

    for _ in 0..20 {
        let client = Client::connect(&rig.socket());
        drop(client);
    }
    drop(first);
    for _ in 0..20 {
        let next = Client::connect(&rig.socket());
        let of_next = next.session();
        assert_eq!(next.login(of_next), CKR_OK);
        let (rv, _) = next.ask(Call::C_CloseSession, |to| to.number(session));
        assert!(session == of_next || rv == CKR_SESSION_HANDLE_INVALID);
    }
}

#[test]
fn nonsense_ends_the_connection_not_the_server() {
    let _alone = alone();
    let rig = Rig::start();
    let nonsense: [&[u8]; 6] = [
        // Too long, no function, no such function, no arguments, too many, a string longer than its frame.
        &u32::MAX.to_ne_bytes(),
        &frame(&[]),
        &frame(&[9999]),
        &frame(&[Call::C_Login.number()]),
        &frame(&[Call::C_Finalize.number(), 1]),
        &frame(&[Call::C_SeedRandom.number(), 1, u64::MAX - 1, u64::MAX - 1]),
    ];
    for bytes in nonsense {
        let mut client = Client::connect(&rig.socket());
        client.0.write_all(bytes).expect("a server");
        assert!(client.is_dropped(), "{bytes:?}");
    }
    // Countless attributes, and unlimited room: refused by the module or cut, but read completely.
    let client = Client::connect(&rig.socket());
    let session = client.session();
    let (rv, _) = client.ask(Call::C_GenerateRandom, |to| {
        [session, 0, u64::MAX]
            .into_iter()
            .for_each(|number| to.number(number));
    });
    assert_ne!(rv, CKR_OK);
    let mut endless = Client::connect(&rig.socket());
    let count = frame(&[
        Call::C_FindObjectsInit.number(),
        session,
        1,
        u64::MAX,
        CKA_CLASS,
        0,
    ]);
    endless.0.write_all(&count).expect("a server");
    assert!(endless.is_dropped());
    client.session();
}

fn frame(numbers: &[u64]) -> Vec<u8> {
    let length = u32::try_from(numbers.len() * 8).expect("a short frame");
    let numbers = numbers.iter().flat_map(|number| number.to_ne_bytes());
    length.to_ne_bytes().into_iter().chain(numbers).collect()
}

#[test]
fn the_server_ends_with_its_parent_and_on_sigterm() {
    let _alone = alone();
    let mut rig = Rig::start();
    let mode = std::fs::metadata(rig.socket()).expect("a socket").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    // Connected clients do not delay it.
    let mut client = Client::connect(&rig.socket());
    client.session();
    let process = i32::try_from(rig.server.id()).expect("a process id");
    // SAFETY: kill(2) takes numbers only.
    assert_eq!(unsafe { libc::kill(process, libc::SIGTERM) }, 0);
    wait_until("the end", || {
        rig.server
            .try_wait()
            .expect("a child")
            .is_some_and(|s| s.success())
    });
    assert!(!rig.socket().exists() && client.is_dropped());

    let mut parent = Command::new("sleep").arg("600").spawn().expect("sleep");
    let mut server = rig::server(rig.directory.path(), parent.id());
    parent.kill().expect("a child");
    wait_until("the end", || {
        server.try_wait().expect("a child").is_some_and(|s| s.success())
    });
    parent.wait().expect("a child");
}
