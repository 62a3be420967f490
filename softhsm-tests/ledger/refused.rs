//! A command that cannot sign leaves the ledger as it was.

use hsm_ca::ledger::{Access, Head, LedgerUrl};

use super::edited::{DECIDE, LEDGER, busy_authority, crl};
use crate::crl::shards::write_profile;
use crate::harness::Rig;

/// The number of events, and the hash of the last.
pub(crate) fn head(rig: &Rig) -> Head {
    let ledger = LedgerUrl::Sqlite(rig.path(LEDGER)).open(Access::Read);
    ledger.expect("the ledger").head().expect("its head")
}

#[test]
fn a_command_without_pin_token_or_key_records_nothing() {
    let rig = busy_authority();
    write_profile(&rig, 3);
    rig.write("wrong", "not-the-pin\n");
    rig.tool("chmod", &["600", "wrong"]).ok();
    let line = |text: &'static str| -> Vec<&'static str> { text.split(' ').collect() };
    let of_ca = "--ca customerCA.crt";
    let more = [
        line("crl create --ca customerCA.crt --number 9 --out nine.crl"),
        line("crl create --ca customerCA.crt --base first.crl --out delta.crl"),
        line("crl create --ca customerCA.crt --profile ./web.toml --all-shards --out-dir shards"),
        line("ocsp publish --ca customerCA.crt --out-dir answers"),
        line("ca adopt customerCA.crt --crl first.crl --key customer-ca"),
        line("key generate --label new --type ec:p256"),
        line("key delete customer-ca --yes"),
    ];
    let signing = DECIDE.into_iter().filter(|(out, _)| !out.is_empty());
    let signing = signing.map(|(_, arguments)| arguments.to_vec());
    let before = head(&rig);
    for arguments in signing.chain(more) {
        let refused = |options: &[&str], wanted: i32| {
            let run = rig.json(&[&arguments[..], options].concat());
            assert_eq!(run.code, Some(wanted), "{arguments:?} {options:?}: {run:?}");
            assert_eq!(head(&rig), before, "{arguments:?} {options:?}");
        };
        refused(&["--pin-source", "env:NOT_SET"], 2);
        refused(&["--token", "another"], 4);
        // Each of these is an attempt: a login with the right PIN resets the token's count.
        refused(&["--pin-source", "file:wrong"], 4);
        rig.json(&["key", "list"]).ok();
        if arguments.join(" ").contains(of_ca) {
            refused(&["--key", "nope"], 4);
        }
    }
    assert_eq!(crl(&rig, "second.crl").ok().json()["number"], "2");
}
