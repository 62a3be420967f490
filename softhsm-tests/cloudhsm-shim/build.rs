//! Links the module so that `dlclose` never unmaps it: call counters then live as long as the
//! process, also when a program closes the module and opens it again.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
