#!/usr/bin/env bash
# Makes sure that check-direction.sh can fail: plants a breach of each kind in a copy of the sources, and expects it to name each line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r src scripts "$copy/"

planted=()
# FILE, CODE, LINE: the check must name this line of the code; without LINE, the only one.
plant() {
    local file=$copy/$1 before
    [[ -f $file ]] || { echo "check-direction-test: no file $1" >&2; exit 1; }
    before=$(wc -l <"$file")
    printf '%s\n' "$2" >>"$file"
    planted+=("$1:$((before + ${3-1})):")
}

plant src/x509/tbs.rs 'use crate::token::Session;'
plant src/x509/tbs.rs 'use crate::{signer::Signer, kms::KeySpec};'
plant src/x509/tbs.rs $'use crate::{\n    token::Session as _Session,\n    values::UnixTime,\n};' 2
plant src/x509/rules.rs 'use crate::{values::{self, UnixTime}, signer::{a::{B, C}, D}, kms::KeySpec};'
plant src/x509/pem.rs $'use crate::{\n    values::{\n        UnixTime,\n    },\n    ledger::{\n        Digest,\n    },\n};' 6
plant src/x509/csr.rs $'use crate::{signer::Signer, // {{\n    workflow};' 2
plant src/x509/crl/tbs.rs $'const BRACE: char = \'{\'; const OPEN: &str = "use crate::{ \\" {";\nuse super::super::super::{values, token};' 2
plant src/x509/crl/rules.rs 'fn f() -> crate::token::Session { todo!() }'
plant src/x509/name.rs 'mod inner { use super::super::super::token::Session; }'
plant src/cli/key.rs 'fn f() { ::cryptoki::f() }'
plant src/x509/profile.rs $'use {\n    values::UnixTime,\n    cryptoki as other,\n};' 3
plant src/workflow/rig.rs 'use std::{env, fs};'
plant src/workflow/rig.rs $'use std::{\n    process::{exit, Command},\n};' 2
plant src/x509/tbs.rs 'use cryptoki::session::Session;'
plant src/x509/tbs.rs 'use minicbor::Decoder;'
plant src/x509/tbs.rs 'use libloading::Library;'
plant src/token/key.rs 'fn f() { unsafe { g() } }'
plant src/token/key.rs 'use crate::x509::Name;'
plant src/token/key.rs 'use super::super::output::Destination;'
plant src/kms/pair.rs 'use crate::workflow::Progress;'
plant src/kms/pair.rs 'use aws_sdk_cloudhsmv2::Client;'
plant src/cloudhsm/cluster.rs 'use crate::x509::Name;'
plant src/cloudhsm/cluster.rs 'use aws_config::Region;'
plant src/ledger/record.rs 'use crate::x509::Name;'
plant src/ledger/rules.rs 'use rusqlite::Connection;'
plant src/ledger/rules.rs 'use tokio_postgres::Client;'
plant src/ledger/sqlite/store.rs 'use tokio::runtime::Runtime;'
plant src/workflow/record.rs 'use tokio_rustls::TlsConnector;'
plant src/ledger/rules/crl_numbers.rs 'use rusqlite::Connection;'
plant src/ledger/sqlite/store.rs 'fn f() { let _ = std::env::var("USER"); }'
plant src/x509/tbs.rs 'use crate::ledger::Digest;'
plant src/ceremony/canonical.rs 'use crate::x509::Name;'
plant src/ceremony/canonical.rs 'use crate::token::Session;'
plant src/ceremony/canonical.rs 'use crate::ledger::Digest;'
plant src/ledger/rules.rs 'use crate::ceremony::to_canonical;'
plant src/transparency/tree.rs 'use crate::ledger::Event;'
plant src/transparency/tree.rs 'use crate::ceremony::Transcript;'
plant src/x509/tbs.rs 'use crate::transparency::Checkpoint;'
plant src/values/time.rs 'use crate::x509::X509Error;'
plant src/values/serial_number.rs 'use crate::signer::Hex;'
plant src/output/pem.rs 'use crate::values::UnixTime;'
plant src/workflow/issue.rs 'use rusqlite::Connection;'
plant src/output/pem.rs 'use crate::signer::Signer;'
plant src/workflow/issue.rs 'use tokio::runtime::Runtime;'
plant src/workflow/rig.rs 'fn f() { println!("printed"); }'
plant src/secret/pin.rs 'fn f() { let _ = std::env::var("PIN"); }'

mkdir "$copy/src/utils" && touch "$copy/src/utils/mod.rs"
planted+=("src/utils:")

if said=$("$copy/scripts/check-direction.sh" 2>&1); then
    echo "check-direction-test: the copy with breaches passed" >&2
    exit 1
fi
for place in "${planted[@]}"; do
    [[ $'\n'$said = *$'\n'"$place"* ]] || { echo "check-direction-test: not noticed: $place" >&2; exit 1; }
done
breaches=${#planted[@]}

# Circles of modules: by a use of a module that uses this one already, through a name that a module passes on, and in an inline module.
rm -rf "$copy/src"
cp -r src "$copy/src"
planted=()
plant src/x509/pem.rs 'use super::csr::CertificationRequest as _Planted;'
plant src/ledger/columns.rs $'use super::{\n    Ledger as _Planted,\n};' 2
plant src/ledger/interface.rs 'use super::columns::A as _Planted;'
plant src/kms/key_id.rs 'mod planted { use super::super::KeyArn as _Planted; }'
if said=$("$copy/scripts/module_circles.py" "$copy/src" 2>&1); then
    echo "check-direction-test: the copy with circles passed" >&2
    exit 1
fi
for place in "${planted[@]}"; do
    [[ $'\n'$said = *$'\n'"$copy/$place"* ]] || { echo "check-direction-test: no circle noticed: $place" >&2; exit 1; }
done
echo "check-direction-test: $breaches planted breaches and ${#planted[@]} places in circles, all noticed"
