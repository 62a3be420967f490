//! Whether a certificate is what would be signed once more.

use der::Decode;

use super::tbs::TbsCertificate;
use super::{Certificate, Checked, X509Error};

impl Checked {
    /// Whether `issued` has every field of this one but the serial number and the dates, in the same bytes. A profile that was changed
    /// in between makes other extensions, whatever it is called.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]: never, as these bytes were read before.
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
            && planned.extensions == issued.extensions)
    }
}
