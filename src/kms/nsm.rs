//! The Nitro Secure Module of an AWS Nitro Enclave, `/dev/nsm`, which makes attestation documents.

use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use aws_nitro_enclaves_nsm_api::driver::{nsm_exit, nsm_init, nsm_process_request};
use serde_bytes::ByteBuf;

use super::{AttestationDocument, KmsError};
use crate::output::{Encoding, Sealed, Verified};
use crate::signer::PublicKey;

/// Makes the module sign a document that carries `public_key` (AWS Nitro Enclaves user guide, "Cryptographic attestation").
///
/// # Errors
/// [`KmsError::SecurityModule`] outside an enclave, [`KmsError::Attestation`] for a document that does not carry the key.
pub fn attest(public_key: &PublicKey) -> Result<AttestationDocument, KmsError> {
    let device = nsm_init();
    if device < 0 {
        return Err(KmsError::SecurityModule {
            reason: "/dev/nsm cannot be opened".to_owned(),
        });
    }
    let request = Request::Attestation {
        user_data: None,
        nonce: None,
        public_key: Some(ByteBuf::from(public_key.der())),
    };
    let response = nsm_process_request(device, request);
    nsm_exit(device);
    let document = match response {
        Response::Attestation { document } => document,
        Response::Error(code) => {
            return Err(KmsError::SecurityModule {
                reason: format!("{code:?}"),
            });
        }
        _ => {
            return Err(KmsError::SecurityModule {
                reason: "it answered a different request".to_owned(),
            });
        }
    };
    let document = AttestationDocument::read(&document).map_err(KmsError::Attestation)?;
    document
        .carries(public_key.der())
        .map_err(KmsError::Attestation)?;
    Ok(document)
}

impl Sealed for AttestationDocument {}

/// A document as a file: the bytes of the COSE_Sign1.
impl Verified for AttestationDocument {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.bytes().to_vec()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        match Self::read(written) {
            Ok(read) if read == *self => Ok(()),
            _ => Err("it reads back differently".to_owned()),
        }
    }
}
