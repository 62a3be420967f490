//! The purposes of a certificate.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_EXT_KEY_USAGE, ID_KP_CLIENT_AUTH, ID_KP_CODE_SIGNING, ID_KP_EMAIL_PROTECTION, ID_KP_OCSP_SIGNING,
    ID_KP_SERVER_AUTH, ID_KP_TIME_STAMPING,
};
use der::flagset::FlagSet;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsages};

use super::{Certificate, Purpose, extension};

/// One end of a TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsEnd {
    /// Presented by a server.
    Server,
    /// Presented by a client.
    Client,
}

impl TlsEnd {
    const fn extended(self) -> (ObjectIdentifier, &'static str) {
        match self {
            Self::Server => (ID_KP_SERVER_AUTH, "serverAuth"),
            Self::Client => (ID_KP_CLIENT_AUTH, "clientAuth"),
        }
    }

    /// One of these is enough, as for `openssl verify -purpose`.
    fn usages(self) -> FlagSet<KeyUsages> {
        match self {
            Self::Server => {
                KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyAgreement
            }
            Self::Client => KeyUsages::DigitalSignature | KeyUsages::KeyAgreement,
        }
    }
}

impl Certificate {
    /// Makes sure that `keyUsage` and `extendedKeyUsage`, if present, allow use at this `end` (RFC 5280 sections 4.2.1.3 and 4.2.1.12).
    /// `anyExtendedKeyUsage` alone does not: OpenSSL, which the clients contain, does not accept it either.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check_purpose(&self, end: TlsEnd) -> Result<(), String> {
        let extensions = self.extensions();
        let usage = extension::find_key_usage(extensions).map_err(|error| error.to_string())?;
        if usage.is_some_and(|usage| (usage.0 & end.usages()).is_empty()) {
            return Err("its keyUsage cannot be used in TLS".to_owned());
        }
        let extended: Option<ExtendedKeyUsage> =
            extension::find(extensions, ID_CE_EXT_KEY_USAGE).map_err(|error| error.to_string())?;
        let (oid, name) = end.extended();
        match extended {
            Some(extended) if !extended.0.contains(&oid) => {
                Err(format!("its extendedKeyUsage does not include {name}"))
            }
            _ => Ok(()),
        }
    }
}

/// If a leaf has keyUsage, it must have one of these: RFC 5280 section 4.2.1.12. `None` for a purpose that is not defined there.
fn usages_of(purpose: Purpose) -> Option<FlagSet<KeyUsages>> {
    let signing = KeyUsages::DigitalSignature | KeyUsages::NonRepudiation;
    match purpose.0 {
        ID_KP_SERVER_AUTH => Some(TlsEnd::Server.usages()),
        ID_KP_CLIENT_AUTH => Some(TlsEnd::Client.usages()),
        ID_KP_CODE_SIGNING => Some(KeyUsages::DigitalSignature.into()),
        ID_KP_EMAIL_PROTECTION => Some(signing | KeyUsages::KeyEncipherment | KeyUsages::KeyAgreement),
        ID_KP_TIME_STAMPING | ID_KP_OCSP_SIGNING => Some(signing),
        _ => None,
    }
}

/// Whether a certificate without extendedKeyUsage has this purpose anyway. Only a certificate that names the purpose may sign programs, times or
/// OCSP responses: RFC 3161 section 2.3, RFC 6960 section 4.2.2.2, and `openssl verify -purpose codesign`.
const fn needs_no_mention(purpose: Purpose) -> bool {
    !matches!(
        purpose.0,
        ID_KP_CODE_SIGNING | ID_KP_TIME_STAMPING | ID_KP_OCSP_SIGNING
    )
}

/// Whether a path, from the leaf up, may be used for `purpose`: checks the leaf's keyUsage and extendedKeyUsage, and the extendedKeyUsage of the CA
/// certificates above it, as `openssl verify -purpose` does. One result for each certificate that was checked.
#[must_use]
pub fn check_path_purpose(path: &[Certificate], purpose: Purpose) -> Vec<(&Certificate, Result<(), String>)> {
    let answers = path.iter().enumerate().map(|(place, certificate)| {
        let answer = match place {
            0 => check_leaf(certificate, purpose),
            _ => check_above(certificate, purpose),
        };
        (certificate, answer)
    });
    answers.collect()
}

fn purposes_of(certificate: &Certificate) -> Result<Option<Vec<ObjectIdentifier>>, String> {
    extension::find_purposes(certificate.extensions()).map_err(|error| error.to_string())
}

fn is_without(purpose: Purpose) -> String {
    format!("its extendedKeyUsage does not include {}", purpose.name())
}

fn check_leaf(certificate: &Certificate, purpose: Purpose) -> Result<(), String> {
    let extensions = certificate.extensions();
    match purposes_of(certificate)? {
        Some(found) if !found.contains(&purpose.0) => return Err(is_without(purpose)),
        // RFC 3161 section 2.3: "The corresponding certificate MUST contain only one instance of the extended key usage field
        // extension ... with KeyPurposeID having value id-kp-timeStamping. This extension MUST be critical."
        Some(found) if purpose == Purpose::TIME_STAMPING => {
            let is_critical = extensions
                .iter()
                .any(|extension| extension.extn_id == ID_CE_EXT_KEY_USAGE && extension.critical);
            if found.len() > 1 || !is_critical {
                return Err(
                    "its extendedKeyUsage must be critical, and timeStamping alone (RFC 3161 section 2.3)"
                        .to_owned(),
                );
            }
        }
        None if !needs_no_mention(purpose) => {
            return Err(format!(
                "it has no extendedKeyUsage, which {} needs",
                purpose.name()
            ));
        }
        _ => {}
    }
    let usage = extension::find_key_usage(extensions).map_err(|error| error.to_string())?;
    match (usage, usages_of(purpose)) {
        (Some(found), Some(wanted)) if (found.0 & wanted).is_empty() => Err(format!(
            "its keyUsage allows nothing that {} needs",
            purpose.name()
        )),
        _ => Ok(()),
    }
}

/// id-kp-OCSPSigning is for the CA that issued the certificate (RFC 6960 section 4.2.2.2), whatever that CA's own purposes are.
fn check_above(certificate: &Certificate, purpose: Purpose) -> Result<(), String> {
    match purposes_of(certificate)? {
        Some(found) if purpose != Purpose::OCSP_SIGNING && !found.contains(&purpose.0) => {
            Err(is_without(purpose))
        }
        _ => Ok(()),
    }
}
