//! The input of `cluster check`, and the missing parts.

use super::TrustStore;
use crate::x509::Certificate;

/// A piece that is not available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Why.
    pub why: String,
    /// How to get it: a command, or a sentence.
    pub obtain: String,
}

/// A certificate, and where it comes from.
#[derive(Clone, Debug)]
pub struct SourcedCertificate {
    /// A file, or "AWS".
    pub source: String,
    /// The certificate.
    pub certificate: Certificate,
}

/// The certificates of a file of CA certificates.
#[derive(Clone, Debug)]
pub struct AuthorityFile {
    /// The file.
    pub source: String,
    /// Its certificates, in their order.
    pub certificates: Vec<Certificate>,
}

/// A server that hosts an HSM.
#[derive(Clone, Debug)]
pub struct ServerEvidence {
    /// `HOST:PORT`, or the file that its certificate is in.
    pub name: String,
    /// Whether it was asked just now.
    pub asked: bool,
    /// What it shows, or why that is not known.
    pub certificate: Result<Certificate, Missing>,
}

/// What the client shows.
#[derive(Clone, Debug)]
pub struct ClientEvidence {
    /// The file.
    pub source: String,
    /// Its certificates: the client's own, and what it sends with it.
    pub chain: Vec<Certificate>,
    /// The file's length in bytes.
    pub length: usize,
    /// Whether it is the one that comes with the client package, unless `customerCA.crt` issued it.
    pub from_package: bool,
    /// The CA that issues client certificates, where it is not `customerCA.crt`.
    pub authority: Option<AuthorityFile>,
}

/// Everything that is available.
#[derive(Clone, Debug)]
pub struct TlsEvidence {
    /// The directory of the client package that the client looks for the server's certificate in.
    pub store: Result<TrustStore, Missing>,
    /// The servers; at least one.
    pub servers: Result<Vec<ServerEvidence>, Missing>,
    /// What the client shows.
    pub client: Result<ClientEvidence, Missing>,
    /// `customerCA.crt`
    pub authority: Result<AuthorityFile, Missing>,
    /// What the HSM shows.
    pub cluster: Result<SourcedCertificate, Missing>,
}
