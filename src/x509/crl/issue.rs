//! From checked bytes to a list: one signature by the token, verified in software.

use std::io::{self, Read, Write};

use der::asn1::BitStringRef;

use super::{CertificateRevocationList, CheckedCrl, WHAT, reread};
use crate::output::{Encoding, Sealed, Verified, encode_pem, write_pem};
use crate::signer::{PublicKey, Signer};
use crate::x509::signed::{longest_signed, sign_once};
use crate::x509::{X509Error, algorithm, pem};

/// A list whose signature verifies: the only kind that can be written.
#[derive(Clone, Debug)]
pub struct IssuedCrl {
    list: CertificateRevocationList,
    entries: usize,
}

impl CheckedCrl {
    /// Makes `signer` sign the checked bytes, once, and verifies the signature under the issuer's public key, in software.
    ///
    /// # Errors
    /// [`X509Error::Signer`] if the token does not sign, [`X509Error::TokenSignature`] if its signature does not verify.
    pub fn sign(self, signer: &dyn Signer) -> Result<IssuedCrl, X509Error> {
        let Self { tbs, entries, .. } = self;
        let signature = sign_once(signer, &tbs.issuer_key, tbs.signature, tbs.der())?;
        let malformed = X509Error::malformed(WHAT);
        let mut buffer = tbs.buffer;
        buffer
            .append(&algorithm::identifier(tbs.signature)?)
            .map_err(&malformed)?;
        let signature = BitStringRef::from_bytes(&signature).map_err(&malformed)?;
        buffer.append(&signature).map_err(&malformed)?;
        buffer.wrap().map_err(&malformed)?;
        let list = CertificateRevocationList::from_buffer(buffer)?;
        list.verify_signature(&tbs.issuer_key)?;
        Ok(IssuedCrl { list, entries })
    }

    /// The largest file size of the signed list in bytes, for reserving space before it is signed.
    #[must_use]
    pub fn longest_file(&self, encoding: Encoding) -> usize {
        let der = longest_signed(self.der().len(), self.tbs.issuer_key.algorithm());
        encoding.length(pem::X509_CRL, der)
    }
}

impl IssuedCrl {
    /// Reads a list that was signed before, and verifies its signature under the issuer's public key again.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn reread(der: &[u8], issuer_key: &PublicKey) -> Result<Self, X509Error> {
        let list = CertificateRevocationList::from_der(der.to_vec())?;
        list.verify_signature(issuer_key)?;
        let entries = list.entries().count();
        Ok(Self { list, entries })
    }

    /// The list.
    #[must_use]
    pub const fn list(&self) -> &CertificateRevocationList {
        &self.list
    }

    /// How many certificates are on it.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }
}

impl Sealed for IssuedCrl {}

impl Verified for IssuedCrl {
    fn content(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Pem => encode_pem(pem::X509_CRL, self.list.der()).into_bytes(),
            Encoding::Der => self.list.der().to_vec(),
        }
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        let encoding = match written.first() {
            Some(b'-') => Encoding::Pem,
            _ => Encoding::Der,
        };
        let mut rest = written;
        self.recheck_file(encoding, &mut rest)
            .unwrap_or_else(|error| Err(error.to_string()))
    }

    fn write_to(&self, encoding: Encoding, output: &mut dyn Write) -> io::Result<()> {
        match encoding {
            Encoding::Pem => write_pem(pem::X509_CRL, self.list.der(), output),
            Encoding::Der => output.write_all(self.list.der()),
        }
    }

    fn recheck_file(&self, encoding: Encoding, file: &mut dyn Read) -> io::Result<Result<(), String>> {
        let same = match encoding {
            Encoding::Pem => reread::holds_pem(file, pem::X509_CRL, self.list.der())?,
            Encoding::Der => reread::holds(file, self.list.der())?,
        };
        if !same {
            return Ok(Err("the bytes differ".to_owned()));
        }
        // The file holds these bytes, so the second decoder can read them here.
        Ok(reread::compare(&self.list))
    }
}
