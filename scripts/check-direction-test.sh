#!/usr/bin/env bash
# Makes sure that check-direction.sh can fail: plants one breach of each kind in a copy of the sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

planted=0
# FILE, LINE OF CODE: the check must refuse the copy with this line, and name the file.
must_refuse() {
    rm -rf "${copy:?}"/*
    cp -r src scripts "$copy/"
    printf '%s\n' "$2" >>"$copy/$1"
    local said
    if said=$("$copy/scripts/check-direction.sh" 2>&1); then
        echo "check-direction-test: not noticed in $1: $2" >&2
        exit 1
    fi
    [[ $said = *"$1:"* ]] || { echo "check-direction-test: $1 is not named: $said" >&2; exit 1; }
    planted=$((planted + 1))
}

must_refuse src/x509/tbs.rs 'use crate::token::Session;'
must_refuse src/x509/tbs.rs 'use crate::{signer::Signer, kms::KeySpec};'
must_refuse src/x509/tbs.rs 'use cryptoki::session::Session;'
must_refuse src/x509/tbs.rs 'use minicbor::Decoder;'
must_refuse src/x509/tbs.rs 'use libloading::Library;'
must_refuse src/token/key.rs 'fn f() { unsafe { g() } }'
must_refuse src/token/key.rs 'use crate::x509::Name;'
must_refuse src/token/key.rs 'use super::super::output::Destination;'
must_refuse src/kms/pair.rs 'use crate::workflow::Progress;'
must_refuse src/kms/pair.rs 'use aws_sdk_cloudhsmv2::Client;'
must_refuse src/cloudhsm/cluster.rs 'use crate::x509::Name;'
must_refuse src/cloudhsm/cluster.rs 'use aws_config::Region;'
must_refuse src/ledger/record.rs 'use crate::x509::Name;'
must_refuse src/ledger/rules.rs 'use rusqlite::Connection;'
must_refuse src/ledger/rules.rs 'use tokio_postgres::Client;'
must_refuse src/ledger/sqlite/store.rs 'use tokio::runtime::Runtime;'
must_refuse src/workflow/record.rs 'use tokio_rustls::TlsConnector;'
must_refuse src/ledger/rules/crl_numbers.rs 'use rusqlite::Connection;'
must_refuse src/ledger/sqlite/store.rs 'fn f() { let _ = std::env::var("USER"); }'
must_refuse src/x509/tbs.rs 'use crate::ledger::Digest;'
must_refuse src/ceremony/canonical.rs 'use crate::x509::Name;'
must_refuse src/ceremony/canonical.rs 'use crate::token::Session;'
must_refuse src/ceremony/canonical.rs 'use crate::ledger::Digest;'
must_refuse src/ledger/rules.rs 'use crate::ceremony::to_canonical;'
must_refuse src/transparency/tree.rs 'use crate::ledger::Event;'
must_refuse src/transparency/tree.rs 'use crate::ceremony::Transcript;'
must_refuse src/x509/tbs.rs 'use crate::transparency::Checkpoint;'
must_refuse src/values/time.rs 'use crate::x509::X509Error;'
must_refuse src/values/serial_number.rs 'use crate::signer::Hex;'
must_refuse src/output/pem.rs 'use crate::values::UnixTime;'
must_refuse src/workflow/issue.rs 'use rusqlite::Connection;'
must_refuse src/output/pem.rs 'use crate::signer::Signer;'
must_refuse src/workflow/issue.rs 'use tokio::runtime::Runtime;'
must_refuse src/workflow/rig.rs 'fn f() { println!("printed"); }'
must_refuse src/secret/pin.rs 'fn f() { let _ = std::env::var("PIN"); }'

mkdir "$copy/src/utils" && touch "$copy/src/utils/mod.rs"
if "$copy/scripts/check-direction.sh" >/dev/null 2>&1; then
    echo "check-direction-test: an unknown room is not noticed" >&2
    exit 1
fi
echo "check-direction-test: $((planted + 1)) planted breaches, all noticed"
