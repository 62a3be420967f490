//! `kms import` with the same library, in a program whose allocator neither wipes nor reuses freed memory, so that the result does not
//! depend on later allocations. The memory tests must find the key in it, or they would prove nothing about the real program.

#![allow(clippy::print_stdout, reason = "its report is where the memory tests stop it")]
#![allow(unsafe_code, reason = "an allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::path::Path;

use hsm_ca::kms::{KeyPairFile, Kms};
use hsm_ca::secret::{MemoryGuard, Pin};
use hsm_ca::token::{Module, TokenSelector};
use hsm_ca::workflow::{ImportRequest, KeyLog, import_key_pair};

struct KeepsWhatIsFreed;

// SAFETY: every block comes from the system's allocator with the requested layout, and is never freed.
unsafe impl GlobalAlloc for KeepsWhatIsFreed {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: KeepsWhatIsFreed = KeepsWhatIsFreed;

fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let guard = MemoryGuard::engage()?;
    let pin_file = setting("HSM_CA_PIN_SOURCE")?;
    let pin = std::fs::read_to_string(pin_file.trim_start_matches("file:"))?;
    let pin = Pin::take(&guard, pin.into())?;
    let module = Module::load(Path::new(&setting("HSM_CA_MODULE")?))?;
    let session = module
        .token(&TokenSelector::parse(&setting("HSM_CA_TOKEN")?)?)?
        .login(Some(pin))?;
    let pair = KeyPairFile::read(&std::fs::read("pair.json")?)?;
    let kms = Kms::connect(Some(pair.key_id.as_str()))?;
    let request = ImportRequest {
        pair,
        label: "customer-ca".to_owned(),
        route: None,
        attestation: None,
        keep_recipient_key: false,
        expected: None,
        lock_directory: None,
    };
    let summary = import_key_pair(&session, &kms, &request, &mut KeyLog::nowhere(), &())?;
    println!("{summary:?}");
    Ok(())
}
