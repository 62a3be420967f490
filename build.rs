//! Records what `hsm-ca version -v` tells about this build: the commit, and the versions of the crates in Cargo.lock.
//!
//! Neither depends on the directory or the time of the build, so that the same source gives the same program.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]

#[path = "build/commit.rs"]
mod commit;
#[path = "build/lock.rs"]
mod lock;

use std::env;
use std::fs;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-env-changed=HSM_CA_COMMIT");
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let directory = env::var("CARGO_MANIFEST_DIR").expect("Cargo sets it");
    let directory = Path::new(&directory);
    let lock = fs::read_to_string(directory.join("Cargo.lock")).unwrap_or_default();
    println!("cargo::rustc-env=HSM_CA_CRATES={}", lock::versions(&lock));
    let named = env::var("HSM_CA_COMMIT").ok();
    // A debug build is made after every change: its commit would be wrong, or cost a build of its own after each commit.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let found = commit::find(directory, named.as_deref(), is_release);
    for file in &found.depends_on {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    println!(
        "cargo::rustc-env=HSM_CA_COMMIT={}",
        found.commit.unwrap_or_default()
    );
}
