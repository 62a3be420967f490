//! A TLS client's private key, in the file formats of openssl.

use std::fmt;

use super::{LockedBytes, MemoryError, MemoryGuard, pem};

/// A private key in its file's encoding. Its bytes are in locked memory, are wiped on drop, and are never printed.
pub(crate) struct TlsKey {
    form: TlsKeyForm,
    der: LockedBytes,
}

/// How a private key is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsKeyForm {
    /// `PRIVATE KEY` (RFC 5958).
    Pkcs8,
    /// `RSA PRIVATE KEY` (RFC 8017 appendix A.1.2).
    Pkcs1,
    /// `EC PRIVATE KEY` (RFC 5915).
    Sec1,
}

/// Why a file has no private key for TLS. The error never contains the bytes.
#[derive(Debug)]
pub(crate) enum TlsKeyError {
    Encrypted,
    /// Not one PEM block of a private key.
    NotPem,
    Memory(MemoryError),
}

const LABELS: [(TlsKeyForm, &str); 3] = [
    (TlsKeyForm::Pkcs8, "PRIVATE KEY"),
    (TlsKeyForm::Pkcs1, "RSA PRIVATE KEY"),
    (TlsKeyForm::Sec1, "EC PRIVATE KEY"),
];

impl TlsKey {
    /// Reads the one private key of a PEM file (RFC 7468); other text and other blocks may be around it, such as the curve's parameters. The
    /// caller wipes the text. The guard shows that dumps are off.
    pub(crate) fn read(_guard: &MemoryGuard, text: &str) -> Result<Self, TlsKeyError> {
        if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(TlsKeyError::Encrypted);
        }
        let mut blocks = LABELS.iter().filter_map(|(form, label)| {
            let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
            let (base64, after) = rest.split_once(&format!("-----END {label}-----"))?;
            Some((*form, base64, after))
        });
        let (form, base64, after) = blocks.next().ok_or(TlsKeyError::NotPem)?;
        if blocks.next().is_some() || after.contains("PRIVATE KEY-----") {
            return Err(TlsKeyError::NotPem);
        }
        let der = pem::decode(base64)?.ok_or(TlsKeyError::NotPem)?;
        Ok(Self { form, der })
    }

    pub(crate) const fn form(&self) -> TlsKeyForm {
        self.form
    }

    /// The encoded key, for the TLS library and nothing else.
    pub(crate) fn expose(&self) -> &[u8] {
        self.der.expose()
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsKey([redacted])")
    }
}

impl From<MemoryError> for TlsKeyError {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl fmt::Display for TlsKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => {
                f.write_str("it is encrypted, and this program does not ask for its passphrase")
            }
            Self::NotPem => f.write_str("it does not contain exactly one private key in PEM format"),
            Self::Memory(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE64: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp\n+K06/nwoy/HU++CXqI9EdVhC";

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\n{BASE64}\n-----END {label}-----\n")
    }

    fn read(text: &str) -> Result<TlsKey, TlsKeyError> {
        TlsKey::read(&MemoryGuard::engage().unwrap(), text)
    }

    #[test]
    fn each_form_is_known_by_its_label_and_not_shown() {
        for (form, label) in LABELS {
            let around = format!("{}text\n{}", block("EC PARAMETERS"), block(label));
            let key = read(&around).unwrap();
            assert_eq!((key.form(), key.expose().len()), (form, 48), "{label}");
            assert_eq!(&key.expose()[..4], [0x30, 0x2e, 2, 1]);
            assert_eq!(format!("{key:?}"), "TlsKey([redacted])");
        }
    }

    #[test]
    fn other_files_are_refused() {
        let (one, other) = (block("PRIVATE KEY"), block("EC PRIVATE KEY"));
        for wrong in [
            String::new(),
            BASE64.to_owned(),
            block("CERTIFICATE"),
            one.replace("MC4C", "M*4C"),
            one.replace("-----END", "-----"),
            format!("{one}{one}"),
            format!("{one}{other}"),
            format!("{other}{one}"),
        ] {
            assert!(matches!(read(&wrong), Err(TlsKeyError::NotPem)), "{wrong}");
        }
        let encrypted = block("ENCRYPTED PRIVATE KEY");
        let old = one.replace("MC4C", "Proc-Type: 4,ENCRYPTED\n\nMC4C");
        for encrypted in [encrypted, old] {
            let refused = read(&encrypted);
            assert!(matches!(refused, Err(TlsKeyError::Encrypted)), "{encrypted}");
        }
    }
}
