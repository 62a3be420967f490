//! The program against a real token, a local AWS, and independent programs.
//!
//! `scripts/test.sh` prepares what is needed. Nothing is skipped: a missing tool or module is a failure that names it.

/// Signature algorithms, on every token and by other programs.
mod algorithms {
    pub(crate) mod every_token;
    mod third_party_signatures;
}

/// `ca create` and `ca adopt`, and what one CA allows another.
mod ca {
    mod adopt;
    mod adopt_refused;
    mod adopt_subordinate;
    mod hierarchy;
    pub(crate) mod old_authority;
    mod second_certificate;
}

/// `cert show`, `verify`, `cross-sign` and `revoke`.
mod cert {
    pub(crate) mod cross_sign;
    mod cross_sign_faults;
    mod cross_sign_refusals;
    mod revoke;
    mod revoke_compromised_key;
    mod show;
    mod verify;
    mod verify_paths;
}

/// Every `ceremony` command, on tokens that are interrupted and misused; stock `ssh-keygen`, and a second verifier in Python.
mod ceremony {
    mod check;
    mod damaged_statements;
    mod exchanged;
    mod foreseen;
    mod gates;
    mod held_cases;
    mod held_interruptions;
    mod held_other_cases;
    mod hostile_cases;
    mod import_key;
    mod import_refusals;
    mod inherited;
    mod paper;
    mod people;
    mod people_present;
    mod plan;
    mod plans_and_keys;
    mod proof;
    mod quorum;
    mod refused_keys;
    mod rehearse;
    mod rehearse_imports;
    mod rehearse_refusals;
    mod room;
    mod run;
    mod run_book;
    mod run_refusals;
    mod run_stops;
    mod second_verifier;
    mod signing;
    mod ssh_keygen;
    mod untrusted_directory;
    mod waivers;
}

/// Help, settings, formats, exit codes.
mod cli {
    mod command_line;
    mod examples;
    mod exit_codes;
    mod help;
    mod next;
    mod other_users;
    mod program;
    mod schema;
    mod show;
    mod spelling;
    mod streams;
    mod tables;
    mod terminal;
}

/// `cluster fetch`, `list`, `verify`, `initialize` and `check`.
mod cluster {
    mod check;
    mod documented_start;
    pub(crate) mod evidence;
    mod fetch;
    mod fetch_refusals;
    mod fetch_service_failures;
    mod initialize;
    mod initialize_bench;
    mod initialize_lost_calls;
    mod initialize_refusals;
    mod initialize_states;
    mod verify_directory;
    mod verify_identity;
    mod verify_mixed_parts;
    mod verify_roots;
}

/// `crl create` and `crl show`.
mod crl {
    mod create;
    mod openssl;
    mod overtaken;
    mod refusals;
    pub(crate) mod shards;
    mod shards_again;
    mod shards_interrupted;
    mod taken_numbers;
}

/// `csr create`.
mod csr_create {
    mod keys_on_tokens;
    mod names;
}

/// `csr sign`.
mod csr_sign {
    pub(crate) mod batch;
    mod batch_limits;
    mod client_certificate;
    mod default_profile;
    mod deliver;
    pub(crate) mod delivery;
    mod delivery_killed;
    mod hsm_identity;
    mod misleading_requests;
    mod power_cut;
    pub(crate) mod refused_requests;
    mod request_encodings;
    mod requested_extensions;
    mod searched_keys;
    mod subject_names;
    mod third_party_requests;
    pub(crate) mod tls_handshakes;
    mod unusable_ca;
    mod validity;
    mod validity_refusals;
}

/// `doctor`.
mod doctor {
    mod cloudhsm;
    mod failing_calls;
}

mod harness;

/// `key generate`, `list`, `verify`, `delete` and `export-public`.
mod key {
    mod delete;
    pub(crate) mod generate;
    mod ledger_events;
    mod lock;
    mod login_for_each_use;
    mod matching;
    mod unmatched;
}

/// `kms generate` and `kms import`.
mod kms_import {
    mod compatibility_table;
    mod grants_and_dry_run;
    mod key_on_the_token;
    mod killed;
    mod kms_failures;
    mod pair_origin;
    mod private_key_encodings;
    mod refused_pairs;
    mod throttled_token;
    mod token_failures;
    mod unknown_token;
    mod unsound_private_keys;
}

/// `kms import` by the sealed route: KMS encrypts to a key that never leaves the token.
mod kms_import_sealed {
    mod attestation_refused;
    mod envelope_bit_flips;
    mod envelope_refused;
    mod recipient_key;
}

/// Signing keys in KMS.
mod kms_sign {
    mod algorithms;
    mod bad_answers;
    mod first_cluster;
    mod interoperability;
    mod refused_keys;
    mod service_failures;
}

/// `ledger`, and what every other command records.
mod ledger {
    mod checkpoint;
    mod checkpoint_key;
    mod clock;
    mod contents;
    mod desk;
    pub(crate) mod edited;
    mod file_system;
    mod foreign_reader;
    mod given_head;
    mod killed;
    mod large;
    mod large_killed;
    mod missing;
    #[cfg(feature = "postgres")]
    mod postgres;
    pub(crate) mod recorded;
    mod recorded_killed;
    pub(crate) mod refused;
    mod restored;
    mod unsigned_changes;
}

/// The crate for other programs: its errors, types and settings.
mod library {
    mod aws_settings;
    mod errors;
    mod examples;
    mod parallel_signing;
    mod planned_file;
    mod public_types;
    mod source_text;
}

/// Limits for answers, and budgets for commands.
mod limits {
    mod budget;
    mod unbounded_answers;
}

/// The local AWS CloudHSM behaves as the tests assume.
mod local_cluster {
    mod hardware_certificates;
    mod initialize;
    pub(crate) mod states;
}

/// `ocsp respond` and `ocsp show`.
mod ocsp {
    mod interoperability;
    mod overtaken;
    mod publish;
    mod refusals;
    mod respond;
}

mod oracle;

/// The files that commands write.
mod outputs {
    mod files;
    mod protected;
}

/// The sources of a PIN, and keeping it from other processes.
mod pin {
    mod children;
    mod file;
    mod prompt;
}

/// Profiles, built in and from files.
mod profile {
    mod builtin;
    mod document;
    mod files;
}

/// `rig new`, and the main job on a rig.
mod rig {
    mod journey;
    mod new;
}

/// scripts/test.sh itself.
mod scripts {
    mod test_sh;
}

/// Where secrets could show.
mod secrecy {
    mod memory;
    mod processes_and_files;
}

/// Modules, slots, tokens and logins.
mod token {
    mod bench;
    mod closing;
    mod find_and_login;
    mod loading;
    mod opencryptoki;
    mod unusual_modules;
    mod wrong_answers;
}
