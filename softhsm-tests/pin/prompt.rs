//! The PIN at a terminal, in a shell with job control.

use crate::harness::{PROGRAM, ready_authority};

#[test]
fn keys_typed_during_a_suspension_are_not_part_of_the_pin() {
    let rig = ready_authority();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/programs/suspend.py");
    let shown = rig.tool("python3", &[script, PROGRAM, "rig/pin"]).ok().stdout;
    assert!(shown.contains("said-2"), "the shell had the terminal: {shown}");
    assert!(shown.contains("customer-ca"), "the keys were listed: {shown}");
    assert!(!shown.contains(&rig.pin()), "the PIN is on the screen: {shown}");
    assert_eq!(shown.matches("PIN of token").count(), 3, "{shown}");
    for wrong in ["error:", "wrong PIN", "ended-0"] {
        assert!(!shown.contains(wrong), "{wrong}: {shown}");
    }
}
