#![doc = include_str!("../README.md")]
//!
//! # The rooms of this library
//!
//! An arrow points right only: [`workflow`] → [`kms`], [`cloudhsm`], [`token`], [`x509`], [`ledger`], [`ceremony`] →
//! [`transparency`] → [`signer`], [`secret`], [`output`], [`file_trust`], [`aws`] → [`values`].
//!
//! # Examples
//!
//! The package has programs in `examples/` that use nothing but this library: `generate_key.rs` makes a key pair on a token, `sign_file.rs` signs
//! a file and verifies the signature, `verify_certificate.rs` checks a chain without a token, and `import_key_pair.rs` imports a key pair from KMS.
//!
//! # Errors
//!
//! An error says everything that it knows in one line, its cause included. [`source`](std::error::Error::source) starts below what that line says,
//! so a report that prints the whole chain prints nothing twice. The cause itself is a field of the variant.
//!
//! The library never prints, prompts, exits or reads the environment; the program `hsm-ca` does.

pub mod aws;
pub mod ceremony;
pub mod cloudhsm;
pub mod file_trust;
pub mod kms;
pub mod ledger;
pub mod output;
pub mod secret;
pub mod signer;
pub mod token;
pub mod transparency;
pub mod values;
pub mod workflow;
pub mod x509;
