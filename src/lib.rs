//! A certificate authority whose private key lives in a PKCS#11 token.
#![doc = ""]
pub mod kms;
pub mod output;
pub mod secret;
pub mod signer;
pub mod token;
pub mod workflow;
pub mod x509;
