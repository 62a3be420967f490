//! The program against a real token, a local AWS, and programs that are not ours.
//!
//! `scripts/test.sh` prepares what is needed. Nothing is skipped: a missing tool or module is a failure that names it.

mod bad_authority;
mod bad_pair;
mod bad_request;
mod bad_token;
mod broken_private_key;
mod client_certificate;
mod command_line;
mod compatibility;
mod faults_doctor;
mod faults_killed;
mod faults_kms;
mod faults_token;
mod foreign_signatures;
mod grants_and_dry_run;
mod handshakes;
mod harness;
mod hierarchy;
mod hostile_attestation;
mod hostile_envelope;
mod hostile_request;
mod hostile_token;
mod import;
mod journey;
mod local_cluster;
mod local_cluster_claim;
mod local_cluster_hardware;
mod memory;
mod oracle;
mod outputs;
mod private_key_forms;
mod profile_files;
mod profiles;
mod profiles_document;
mod requests_of_others;
mod rig;
mod sealed;
mod secrecy;
mod tampered_envelope;
mod throttling;
mod unknown_token;
