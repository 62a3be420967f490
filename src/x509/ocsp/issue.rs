//! From checked bytes to a response: one signature by the token, verified in software.

use const_oid::db::rfc6960::ID_PKIX_OCSP_BASIC;
use der::asn1::{Any, BitString, OctetString};
use der::{Decode, Encode, Tag};

use super::basic::BasicResponseDer;
use super::response::{OcspResponseDer, ResponseBytes};
use super::{BasicResponse, CheckedOcsp, OcspResponse, RESPONSE, refused, reread};
use crate::output::{Encoding, Sealed, Verified, encode_pem};
use crate::signer::Signer;
use crate::x509::signed::{longest_signed, sign_once};
use crate::x509::{Certificate, X509Error, algorithm, pem};

/// A response whose signature verifies: the only kind that can be written.
#[derive(Clone, Debug)]
pub struct IssuedOcsp {
    response: OcspResponse,
    answer: BasicResponse,
}

impl CheckedOcsp {
    /// The largest file size of the response in bytes, for reserving space before it is signed.
    #[must_use]
    pub fn longest_file(&self, encoding: Encoding) -> usize {
        // Around the BasicOCSPResponse: headers, the status, and the response type.
        const FRAME_BYTES: usize = 64;
        let Self(tbs) = self;
        let delegate = tbs.plan.responder.delegate.as_ref();
        let certificate = delegate.map_or(0, |delegate| delegate.der().len());
        let basic = longest_signed(tbs.der.len() + certificate, tbs.signer_key.algorithm());
        encoding.length(pem::OCSP_RESPONSE, basic + FRAME_BYTES)
    }

    /// Makes `signer` sign the checked bytes, once, and verifies the signature under the signer's public key, in software. The response includes
    /// the certificate of a delegated signer.
    ///
    /// # Errors
    /// [`X509Error::Signer`] if the token does not sign, [`X509Error::TokenSignature`] if its signature does not verify.
    pub fn sign(self, signer: &dyn Signer) -> Result<IssuedOcsp, X509Error> {
        let Self(tbs) = self;
        let malformed = X509Error::malformed(RESPONSE);
        let signature = sign_once(signer, &tbs.signer_key, tbs.signature, &tbs.der)?;
        let delegate = tbs.plan.responder.delegate.as_ref();
        let certificate = |one: &Certificate| Any::from_der(one.der()).map(|any| vec![any]);
        let basic = BasicResponseDer {
            tbs_response_data: Any::from_der(&tbs.der).map_err(&malformed)?,
            signature_algorithm: algorithm::identifier(tbs.signature)?,
            signature: BitString::from_bytes(&signature).map_err(&malformed)?,
            certs: delegate.map(certificate).transpose().map_err(&malformed)?,
        };
        let response = OctetString::new(basic.to_der().map_err(&malformed)?).map_err(&malformed)?;
        let whole = OcspResponseDer {
            response_status: Any::new(Tag::Enumerated, [0]).map_err(&malformed)?,
            response_bytes: Some(ResponseBytes {
                response_type: ID_PKIX_OCSP_BASIC,
                response,
            }),
        };
        let response = OcspResponse::from_der(whole.to_der().map_err(&malformed)?)?;
        let Some(answer) = response.basic().cloned() else {
            return refused(RESPONSE, "it has no answer");
        };
        // The signature was verified over these bytes. Another verification would cost as much as a fast token's signature.
        if !answer.is_signed_content(&tbs.der, tbs.signature, &signature)? {
            return refused(
                RESPONSE,
                "it does not hold the bytes and the signature that were verified",
            );
        }
        Ok(IssuedOcsp { response, answer })
    }
}

impl IssuedOcsp {
    /// The response.
    #[must_use]
    pub const fn response(&self) -> &OcspResponse {
        &self.response
    }

    /// The answer in it.
    #[must_use]
    pub const fn answer(&self) -> &BasicResponse {
        &self.answer
    }
}

impl Sealed for IssuedOcsp {}

impl Verified for IssuedOcsp {
    fn content(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Pem => encode_pem(pem::OCSP_RESPONSE, self.response.der()).into_bytes(),
            Encoding::Der => self.response.der().to_vec(),
        }
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        reread::compare(written, &self.response)
    }
}
