//! `remote-token`: a PKCS#11 module, for `libremote_token.so` to call from another process.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::parent_id;
use std::process::ExitCode;

use remote_token::server::{self, Settings};

const USAGE: &str = "usage: remote-token --module FILE --socket PATH [--parent-pid PID]";

fn main() -> ExitCode {
    let settings = match settings(env::args_os().skip(1)) {
        Ok(settings) => settings,
        Err(why) => {
            server::complain(&why);
            return ExitCode::from(2);
        }
    };
    if let Err(why) = server::serve(&settings) {
        server::complain(&why);
        return ExitCode::FAILURE;
    }
    // SAFETY: ends the process. `exit` would run the module's destructors while other threads are in it.
    unsafe { libc::_exit(0) }
}

fn settings(mut args: impl Iterator<Item = OsString>) -> Result<Settings, String> {
    let (mut module, mut socket, mut parent) = (None, None, None);
    while let Some(option) = args.next() {
        let value = args.next().ok_or(USAGE)?;
        match option.to_str() {
            Some("--module") => module = Some(value.into()),
            Some("--socket") => socket = Some(value.into()),
            Some("--parent-pid") => {
                parent = Some(value.to_str().and_then(|pid| pid.parse().ok()).ok_or(USAGE)?)
            }
            _ => return Err(USAGE.into()),
        }
    }
    Ok(Settings {
        module: module.ok_or(USAGE)?,
        socket: socket.ok_or(USAGE)?,
        parent: parent.unwrap_or_else(parent_id),
    })
}
