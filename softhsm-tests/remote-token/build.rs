//! Links the module so that `dlclose` never unmaps it: its connection is a static of the process, and a program may close the
//! module and open it again.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
