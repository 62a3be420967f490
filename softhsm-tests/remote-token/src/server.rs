//! The program's side: the real module, and a thread for each client.

mod arguments;
mod calls;
mod clients;
mod module;

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;
use std::thread;

use crate::wire::{Malformed, Reader, Writer};
use clients::{Client, Clients};
use module::Module;

/// The program's settings.
pub struct Settings {
    pub module: PathBuf,
    pub socket: PathBuf,
    /// The process with which this one ends.
    pub parent: u32,
}

/// Serves until the parent process ends or a SIGTERM or SIGINT arrives. Then this process must end too, because threads may still be in the
/// module.
pub fn serve(settings: &Settings) -> Result<(), String> {
    // Before the module can start threads, which inherit the signal mask.
    let signals = signals().map_err(|e| format!("signals: {e}"))?;
    let parent = process(settings.parent).map_err(|e| format!("process {}: {e}", settings.parent))?;
    let module = Arc::new(Module::load(&settings.module)?);
    let clients = Arc::new(Clients::default());
    let listener = listen(&settings.socket)
        .map_err(|e| format!("cannot listen on {}: {e}", settings.socket.display()))?;

    let watched = [signals.as_raw_fd(), parent.as_raw_fd(), listener.as_raw_fd()];
    let ended = loop {
        match poll(watched) {
            Ok([false, false, true]) => {}
            Ok([false, false, false]) => continue,
            Ok(_) => break Ok(()),
            Err(error) => break Err(format!("poll: {error}")),
        }
        match listener.accept() {
            Ok((stream, _)) => start(&module, &clients, stream),
            Err(error) => complain(&format!("a connection: {error}")),
        }
    };
    let _ = fs::remove_file(&settings.socket);
    ended
}

fn start(module: &Arc<Module>, clients: &Arc<Clients>, stream: UnixStream) {
    let module = Arc::clone(module);
    // Before the next client, close the sessions and the login of a killed one.
    clients.wait_for_the_dead();
    match Client::new(clients, stream) {
        Ok(client) => {
            thread::spawn(move || {
                if let Err(Malformed) = converse(&module, &client) {
                    complain("a malformed request");
                }
                client.leave(&module);
            });
        }
        Err(error) => complain(&format!("a connection: {error}")),
    }
}

/// Answers until the client disconnects.
fn converse(module: &Module, client: &Client) -> Result<(), Malformed> {
    while let Ok(mut request) = Reader::receive(client.stream()) {
        let answer: Writer = calls::answer(module, client, &mut request)?;
        if answer.send(client.stream()).is_err() {
            break;
        }
    }
    Ok(())
}

/// Listens on a path that appears only with its final mode and when connections are accepted.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push("~");
    let _ = fs::remove_file(&unfinished);
    let listener = UnixListener::bind(&unfinished)?;
    fs::set_permissions(&unfinished, Permissions::from_mode(0o600))?;
    fs::rename(&unfinished, path)?;
    Ok(listener)
}

/// A descriptor that is readable when SIGTERM or SIGINT has come, which no longer end the process by themselves.
fn signals() -> io::Result<OwnedFd> {
    // SAFETY: a plain structure, made empty by the next call.
    let mut set = unsafe { mem::zeroed::<libc::sigset_t>() };
    // SAFETY: a borrowed set, and null for the old one.
    let fd = unsafe {
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        libc::sigaddset(&raw mut set, libc::SIGINT);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
        libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC)
    };
    owned(fd)
}

/// A descriptor that is readable when the process has ended.
fn process(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: a system call with two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, libc::c_ulong::from(pid), 0 as libc::c_ulong) };
    owned(RawFd::try_from(fd).map_err(io::Error::other)?)
}

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor, owned only here.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Waits until one of the descriptors is ready, and returns which.
fn poll<const N: usize>(fds: [RawFd; N]) -> io::Result<[bool; N]> {
    let mut entries = fds.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    // SAFETY: the entries and their number.
    let count = unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, -1) };
    if count < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
        return Ok([false; N]);
    }
    Ok(entries.map(|entry| entry.revents != 0))
}

/// Unlike `eprintln!`, does not panic when stderr is gone.
pub fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "remote-token: {why}");
}
