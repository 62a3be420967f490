//! The program against a real token, a local AWS, and programs that are not ours.
//!
//! `scripts/test.sh` prepares what is needed. Nothing is skipped: a missing tool or module is a failure that names it.

mod harness;
mod memory;
mod oracle;

mod bad_authority;
mod bad_pair;
mod bad_request;
mod bad_token;
mod command_line;
mod compatibility;
mod hostile_request;
mod hostile_token;
mod import;
mod journey;
mod outputs;
mod rig;
mod secrecy;
mod unknown_token;
