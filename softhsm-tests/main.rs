//! The program against a real token, a local AWS, and programs that are not ours.
//!
//! `scripts/test.sh` prepares what is needed. Nothing is skipped: a missing tool or module is a failure that names it.

mod bad_authority;
mod bad_pair;
mod bad_request;
mod bad_token;
mod broken_private_key;
mod client_certificate;
mod cluster_directory;
mod cluster_evidence;
mod cluster_fetch;
mod cluster_fetch_refused;
mod cluster_identity;
mod cluster_recombined;
mod cluster_roots;
mod cluster_service;
mod cluster_signing;
mod command_line;
mod compatibility;
mod doctor_cloudhsm;
mod faults_doctor;
mod faults_killed;
mod faults_kms;
mod faults_token;
mod foreign_signatures;
mod grants_and_dry_run;
mod harness;
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
mod rig;
mod sealed;
mod secrecy;
mod tampered_envelope;
mod throttling;
mod unknown_token;
