//! What a certificate says that it may be used for.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_CE_EXT_KEY_USAGE, ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use der::flagset::FlagSet;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsages};

use super::{Certificate, extension};

/// One end of a TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsEnd {
    /// Shown by a server.
    Server,
    /// Shown by a client.
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
    /// Makes sure that `keyUsage` and `extendedKeyUsage`, where they are there, allow to be at `end` (RFC 5280 sections 4.2.1.3 and
    /// 4.2.1.12). `anyExtendedKeyUsage` alone does not: OpenSSL, which the clients have inside, does not take it either.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check_purpose(&self, end: TlsEnd) -> Result<(), String> {
        let extensions = self.extensions();
        let usage = extension::find_key_usage(extensions).map_err(|error| error.to_string())?;
        if usage.is_some_and(|usage| (usage.0 & end.usages()).is_empty()) {
            return Err("its keyUsage is of no use in TLS".to_owned());
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
