//! A server that ends while a program uses it.

mod rig;

use std::env;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use rig::Rig;

#[test]
fn without_a_server_the_device_is_removed() {
    let mut rig = Rig::start();
    let module = rig.module();
    let slot = module.get_slots_with_initialized_token().expect("slots")[0];
    let session = module.open_ro_session(slot).expect("a session");
    rig.server.kill().expect("a server");
    rig.server.wait().expect("a server");
    for _ in 0..2 {
        assert!(is_removed(session.get_session_info()));
        assert!(is_removed(module.get_all_slots()));
    }
    drop(session);
    module.finalize().expect("C_Finalize");

    let path = env::current_exe()
        .expect("this test")
        .with_file_name("libremote_token.so");
    let again = Pkcs11::new(path).expect("the module");
    let initialized = again.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    assert!(is_removed(initialized));
}

fn is_removed<T>(answer: Result<T, Error>) -> bool {
    matches!(answer, Err(Error::Pkcs11(RvError::DeviceRemoved, _)))
}
