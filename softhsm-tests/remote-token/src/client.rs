//! The module's side: one connection of the process, one call on it at a time.

mod arguments;
mod calls;

use std::env;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki_sys::*;

use crate::call::Call;
use crate::wire::{Malformed, Reader, Writer};
use arguments::Argument;

/// Where the server listens.
const SOCKET: &str = "REMOTE_TOKEN_SOCKET";

static CONNECTION: Mutex<Connection> = Mutex::new(Connection::None);

enum Connection {
    /// Before `C_Initialize` and after `C_Finalize`.
    None,
    Open(UnixStream),
    /// The server is gone, or its answer does not match the request.
    Lost,
}

/// The table for the caller, which by section 5.4 only reads it.
pub fn function_list() -> CK_FUNCTION_LIST_PTR {
    ptr::from_ref(&calls::LIST).cast_mut()
}

fn connection() -> MutexGuard<'static, Connection> {
    CONNECTION.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a call, and writes its answer to the arguments.
fn forward(call: Call, arguments: &[&dyn Argument]) -> CK_RV {
    let mut request = Writer::new();
    request.number(call.number());
    for argument in arguments {
        if let Err(rv) = argument.write(&mut request) {
            return rv;
        }
    }
    if request.is_too_long() {
        return CKR_HOST_MEMORY;
    }

    let mut connection = connection();
    let stream = match &*connection {
        Connection::None => return CKR_CRYPTOKI_NOT_INITIALIZED,
        Connection::Lost => return CKR_DEVICE_REMOVED,
        Connection::Open(stream) => stream,
    };
    let answer = request.send(stream).and_then(|()| Reader::receive(stream));
    let Ok(mut answer) = answer else {
        *connection = Connection::Lost;
        return CKR_DEVICE_REMOVED;
    };
    read(&mut answer, arguments).unwrap_or_else(|Malformed| {
        *connection = Connection::Lost;
        CKR_DEVICE_REMOVED
    })
}

fn read(answer: &mut Reader, arguments: &[&dyn Argument]) -> Result<CK_RV, Malformed> {
    let rv = answer.number()?;
    for argument in arguments {
        argument.read(rv, answer)?;
    }
    if answer.is_at_end() {
        Ok(rv)
    } else {
        Err(Malformed)
    }
}

/// `C_Initialize`: connects.
fn open() -> CK_RV {
    {
        let mut connection = connection();
        if !matches!(*connection, Connection::None) {
            return CKR_CRYPTOKI_ALREADY_INITIALIZED;
        }
        let Some(path) = env::var_os(SOCKET) else {
            complain(&format!("{SOCKET} is not set"));
            return CKR_ARGUMENTS_BAD;
        };
        match UnixStream::connect(Path::new(&path)) {
            Ok(stream) => *connection = Connection::Open(stream),
            Err(error) => {
                complain(&format!("{}: {error}", Path::new(&path).display()));
                return CKR_DEVICE_REMOVED;
            }
        }
    }
    let rv = forward(Call::C_Initialize, &[]);
    if rv != CKR_OK {
        *connection() = Connection::None;
    }
    rv
}

/// `C_Finalize`: closes the connection, after the server has closed this process's sessions.
fn close() -> CK_RV {
    match forward(Call::C_Finalize, &[]) {
        CKR_CRYPTOKI_NOT_INITIALIZED => CKR_CRYPTOKI_NOT_INITIALIZED,
        // If the server is gone, nothing is left to finalise.
        _ => {
            *connection() = Connection::None;
            CKR_OK
        }
    }
}

/// Unlike `eprintln!`, does not panic when stderr is gone.
fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "remote-token: {why}");
}
