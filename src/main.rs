//! The `hsm-ca` command: parse, run, exit code. Everything else is in `cli` and in the library.

mod cli;

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes every heap block when it is freed: the buffers of the AWS SDK, of TLS and of JSON hold the private key for a moment without
/// knowing what it is.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    cli::run()
}
