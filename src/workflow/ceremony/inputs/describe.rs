//! Describes an input for the people who approve the plan.

use super::CeremonyInputs;
use crate::ceremony::{Digest, Input, PlannedInput};
use crate::signer::PublicKey;
use crate::workflow::ceremony::CeremonyError;

/// The only input that no step needs to use.
const LEDGER: &str = "ledger";

impl CeremonyInputs {
    /// The type of the input, its content, and its key.
    pub(in crate::workflow::ceremony) fn describe(
        &self,
        name: &str,
        input: &Input,
    ) -> Result<PlannedInput, CeremonyError> {
        let (is, shown, key) = self.content_of(name)?;
        Ok(PlannedInput {
            file: input.file.clone(),
            sha256: input.sha256,
            is: is.to_owned(),
            shown,
            key: key.map(|key| Digest::of(key.der())),
        })
    }

    fn content_of(
        &self,
        name: &str,
    ) -> Result<(&'static str, Vec<String>, Option<PublicKey>), CeremonyError> {
        if let Ok(certificate) = self.certificate(name) {
            let validity = certificate.validity();
            let shown = vec![
                format!("subject: {}", certificate.subject()),
                format!("issuer: {}", certificate.issuer()),
                format!("serial number: {}", certificate.serial_number()),
                format!("valid from: {}", validity.not_before),
                format!("valid until: {}", validity.not_after),
                format!("key: {}", certificate.describe_key()),
                format!("SHA-256 of the certificate: {}", Digest::of(certificate.der())),
            ];
            return Ok(("certificate", shown, certificate.public_key().ok()));
        }
        if let Ok(request) = self.request(name) {
            let mut shown = vec![
                format!("subject: {}", request.subject()),
                format!("key: {}", request.public_key().algorithm()),
            ];
            let asked = request.requested_extensions().into_iter();
            shown.extend(asked.map(|asked| format!("asks for {}: {}", asked.name, asked.value)));
            return Ok(("request", shown, Some(request.public_key().clone())));
        }
        if let Ok(pair) = self.pair(name) {
            let mut shown = vec![
                format!("KMS key: {}", pair.key_id),
                format!("AWS account: {}", pair.key_id.account()),
                format!("AWS region: {}", pair.key_id.region()),
                format!("key: {}", pair.public_key.algorithm()),
            ];
            shown
                .push("private key: encrypted; KMS decrypts it in the ceremony, over the network".to_owned());
            return Ok(("key-pair", shown, Some(pair.public_key)));
        }
        if let Ok(list) = self.crl(name) {
            let number = list.number().ok().flatten();
            let mut shown = vec![format!("issuer: {}", list.issuer())];
            shown.extend(number.map(|number| format!("CRL number: {number}")));
            shown.push(format!("this update: {}", list.this_update()));
            shown.push(format!("revoked certificates: {}", list.entries().count()));
            return Ok(("crl", shown, None));
        }
        if let Ok(key) = self.public_key(name) {
            let shown = vec![format!("key: {}", key.algorithm())];
            return Ok(("public-key", shown, Some(key)));
        }
        if name == LEDGER {
            return Ok(("ledger", Vec::new(), None));
        }
        Err(CeremonyError::InputContent {
            name: name.to_owned(),
            reason: "it is not a certificate, a request, a CRL, a public key or a pair file".to_owned(),
        })
    }
}
