//! The connected clients and their sessions.
//!
//! To the real module all clients are one application: they share the login, which ends with the last
//! session on the slot.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki_sys::*;

use super::module::Module;

/// How long a new client waits for the sessions of dead ones to be closed.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Clients {
    entries: Mutex<Entries>,
    one_left: Condvar,
}

#[derive(Default)]
struct Entries {
    by_number: HashMap<u64, Entry>,
    next: u64,
}

struct Entry {
    stream: Arc<UnixStream>,
    sessions: Vec<(CK_SLOT_ID, CK_SESSION_HANDLE)>,
}

impl Clients {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the sessions of disconnected clients are closed.
    pub(super) fn wait_for_the_dead(&self) {
        let end = Instant::now() + LONGEST_WAIT;
        let mut entries = self.lock();
        while entries.by_number.values().any(|entry| is_closed(&entry.stream)) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.one_left.wait_timeout(entries, left);
            entries = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Whether the other end has been closed.
fn is_closed(stream: &UnixStream) -> bool {
    let mut entry = libc::pollfd {
        fd: stream.as_raw_fd(),
        events: libc::POLLRDHUP,
        revents: 0,
    };
    // SAFETY: one entry; without waiting.
    let count = unsafe { libc::poll(&raw mut entry, 1, 0) };
    count > 0
}

/// One connection.
pub(super) struct Client {
    clients: Arc<Clients>,
    number: u64,
    stream: Arc<UnixStream>,
}

impl Client {
    pub(super) fn new(clients: &Arc<Clients>, stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        let stream = Arc::new(stream);
        let mut entries = clients.lock();
        let number = entries.next;
        entries.next += 1;
        let entry = Entry {
            stream: Arc::clone(&stream),
            sessions: Vec::new(),
        };
        entries.by_number.insert(number, entry);
        Ok(Self {
            clients: Arc::clone(clients),
            number,
            stream,
        })
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Opens a session with `open`, and records it. No session is closed meanwhile, because closing the last one would end the login.
    pub(super) fn open(
        &self,
        slot: CK_SLOT_ID,
        open: impl FnOnce() -> (CK_RV, CK_SESSION_HANDLE),
    ) -> (CK_RV, CK_SESSION_HANDLE) {
        let mut entries = self.clients.lock();
        let (rv, session) = open();
        if rv == CKR_OK
            && let Some(entry) = entries.by_number.get_mut(&self.number)
        {
            entry.sessions.push((slot, session));
        }
        (rv, session)
    }

    /// Forgets a session that the client has closed.
    pub(super) fn forget(&self, session: CK_SESSION_HANDLE) {
        if let Some(entry) = self.clients.lock().by_number.get_mut(&self.number) {
            entry.sessions.retain(|(_, open)| *open != session);
        }
    }

    /// Closes the client's sessions, on one slot or on all of them.
    pub(super) fn close_all(&self, module: &Module, slot: Option<CK_SLOT_ID>) {
        let mut entries = self.clients.lock();
        let Some(entry) = entries.by_number.get_mut(&self.number) else {
            return;
        };
        let is_meant = |of: &CK_SLOT_ID| slot.is_none_or(|slot| slot == *of);
        let (closed, kept) = entry.sessions.drain(..).partition(|(of, _)| is_meant(of));
        entry.sessions = kept;
        let closed: Vec<(CK_SLOT_ID, CK_SESSION_HANDLE)> = closed;
        for (of, session) in closed {
            let is_used = entries
                .by_number
                .values()
                .any(|entry| entry.sessions.iter().any(|(slot, _)| *slot == of));
            // Without a login it fails, which is harmless.
            if !is_used && let Some(logout) = module.functions.C_Logout {
                // SAFETY: a function of the module with a number.
                unsafe { logout(session) };
            }
            if let Some(close) = module.functions.C_CloseSession {
                // SAFETY: as above.
                unsafe { close(session) };
            }
        }
    }

    /// The end of the connection.
    pub(super) fn leave(&self, module: &Module) {
        self.close_all(module, None);
        self.clients.lock().by_number.remove(&self.number);
        self.clients.one_left.notify_all();
    }
}
