//! A public key as a file: `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), in PEM by RFC 7468 section 13.

use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::{PUBLIC_KEY, decode_one};
use crate::output::{Encoding, Sealed, Verified, encode_pem};
use crate::signer::PublicKey;

/// A public key to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyFile(pub PublicKey);

impl Sealed for PublicKeyFile {}

impl Verified for PublicKeyFile {
    fn content(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Der => self.0.der().to_vec(),
            Encoding::Pem => encode_pem(PUBLIC_KEY, self.0.der()).into_bytes(),
        }
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        let der = decode_one(written, PUBLIC_KEY).map_err(|error| error.to_string())?;
        match SubjectPublicKeyInfo::from_der(&der) {
            Ok(([], info))
                if info.subject_public_key.data.as_ref() == self.0.subject_public_key()
                    && der == self.0.der() =>
            {
                Ok(())
            }
            _ => Err("it reads back differently".to_owned()),
        }
    }
}
