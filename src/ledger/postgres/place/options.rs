//! The options of a PostgreSQL URL.

use std::path::PathBuf;

use super::{ClientFiles, LedgerUrlError, TlsFiles, port};

/// The options after the question mark, with libpq's names.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) directory: Option<PathBuf>,
    pub(super) port: Option<u16>,
    /// Whether the connection may be unencrypted.
    pub(super) plain: Option<bool>,
    root_certificates: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
}

impl Options {
    pub(super) fn take(&mut self, key: &str, value: String) -> Result<(), LedgerUrlError> {
        let is_first = match key {
            "host" if value.starts_with('/') => self.directory.replace(value.into()).is_none(),
            "port" => self.port.replace(port(&value)?).is_none(),
            "sslmode" => {
                let plain = match value.as_str() {
                    "verify-full" => false,
                    "disable" => true,
                    _ => return Err(LedgerUrlError::SslMode),
                };
                self.plain.replace(plain).is_none()
            }
            "sslrootcert" if !value.is_empty() => self.root_certificates.replace(value.into()).is_none(),
            "sslcert" if !value.is_empty() => self.client_certificate.replace(value.into()).is_none(),
            "sslkey" if !value.is_empty() => self.client_key.replace(value.into()).is_none(),
            "password" | "passfile" | "sslpassword" => return Err(LedgerUrlError::Password),
            _ => return Err(LedgerUrlError::Option),
        };
        is_first.then_some(()).ok_or(LedgerUrlError::Option)
    }

    /// The certificate files of an encrypted connection.
    pub(super) fn tls(&mut self) -> Result<Option<TlsFiles>, LedgerUrlError> {
        let client = match (self.client_certificate.take(), self.client_key.take()) {
            (Some(certificate), Some(key)) => Some(ClientFiles { certificate, key }),
            (None, None) => None,
            _ => return Err(LedgerUrlError::ClientCertificate),
        };
        match self.root_certificates.take() {
            Some(root_certificates) => Ok(Some(TlsFiles {
                root_certificates,
                client,
            })),
            None if client.is_some() => Err(LedgerUrlError::NoRootCertificates),
            None => Ok(None),
        }
    }
}
