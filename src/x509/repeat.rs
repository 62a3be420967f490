//! Whether a certificate is the one that would be signed again.

use const_oid::db::rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS;
use der::Decode;
use der::asn1::Int;
use x509_cert::ext::Extension;

use super::tbs::TbsCertificate;
use super::{Certificate, Checked, SerialNumber, X509Error, extension};

impl Checked {
    /// Whether `issued` has every field of this one except the serial number and the dates, in the same bytes. A profile that was changed in
    /// between makes other extensions, even under the same name.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]; never, because these bytes were read before.
    pub fn is_repeated_by(&self, issued: &Certificate) -> Result<bool, X509Error> {
        let planned = TbsCertificate::from_der(self.der()).map_err(X509Error::malformed("TBSCertificate"))?;
        let issued = issued.tbs();
        Ok(planned.version == issued.version
            && planned.signature == issued.signature
            && planned.issuer == issued.issuer
            && planned.subject == issued.subject
            && planned.subject_public_key_info == issued.subject_public_key_info
            && planned.issuer_unique_id == issued.issuer_unique_id
            && planned.subject_unique_id == issued.subject_unique_id
            && self.extensions_at(planned.extensions, &issued.serial_number)? == issued.extensions)
    }

    /// These extensions for this serial number, from which the URL of the CRL shard follows.
    fn extensions_at(
        &self,
        mut extensions: Option<Vec<Extension>>,
        serial: &Int,
    ) -> Result<Option<Vec<Extension>>, X509Error> {
        if let Some(shards) = self.profile().crl_shards() {
            let shard = shards.shard_of(&SerialNumber::from_int(serial));
            let moved = extension::distribution_point(&shards.url(shard))?;
            for found in extensions.iter_mut().flatten() {
                if found.extn_id == ID_CE_CRL_DISTRIBUTION_POINTS {
                    found.extn_value = moved.clone();
                }
            }
        }
        Ok(extensions)
    }
}
