//! `cluster check`: which certificates protect the traffic between client and HSM, and whether they fit together.
//!
//! AWS CloudHSM User Guide, "Client end-to-end encryption", and AWS re:Post, "How can I use CloudHSM certificates for a client end-to-end
//! encrypted connection?": one TLS connection runs inside another. The outer one, server TLS, ends at the server that hosts the HSM. The server
//! shows a self-signed AWS certificate, which the client must have; the client shows a certificate too. The inner one, HSM TLS, ends in the HSM.
//! The HSM shows the cluster certificate, which the client verifies under `customerCA.crt`.

mod authority;
mod client;
mod cluster;
mod dates;
mod directory;
mod evidence;
mod expiry;
mod path;
mod report;
mod server;
mod store;

use std::fmt;

pub use evidence::{AuthorityFile, ClientEvidence, Missing, ServerEvidence, SourcedCertificate, TlsEvidence};
pub use expiry::Expiry;
pub use report::{StepState, TlsCertificate, TlsReport, TlsStep};
pub use store::TrustStore;

use crate::x509::UnixTime;

/// The purpose of a certificate, or of a directory of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsRole {
    /// The client package's directory, in which the client looks for the server's certificate.
    ClientDirectory,
    /// The certificate of the server that hosts the HSM.
    Server,
    /// The certificate of the client.
    Client,
    /// `customerCA.crt`, by which the client recognises its cluster.
    CustomerAuthority,
    /// The certificate of the HSM.
    Cluster,
}

impl TlsRole {
    /// All roles, from the outside to the inside.
    pub const ALL: [Self; 5] = [
        Self::ClientDirectory,
        Self::Server,
        Self::Client,
        Self::CustomerAuthority,
        Self::Cluster,
    ];
}

impl fmt::Display for TlsRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientDirectory => "client directory",
            Self::Server => "server certificate",
            Self::Client => "client certificate",
            Self::CustomerAuthority => "customerCA",
            Self::Cluster => "cluster certificate",
        })
    }
}

/// Checks everything that is available, and names what is missing. Warns about a certificate that ends within `warn_days`.
#[must_use]
pub fn check_tls(evidence: &TlsEvidence, warn_days: u32, now: UnixTime) -> TlsReport {
    let mut report = TlsReport::new(warn_days, now);
    directory::check(evidence, &mut report);
    server::check(evidence, &mut report);
    client::check(evidence, &mut report);
    authority::check(evidence, &mut report);
    cluster::check(evidence, &mut report);
    report
}
