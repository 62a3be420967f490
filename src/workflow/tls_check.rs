//! `cluster check`: which certificates protect client-to-HSM traffic, and whether they fit together.
//!
//! AWS CloudHSM User Guide, "Client end-to-end encryption", and AWS re:Post, "How can I use CloudHSM certificates for a client end-to-end
//! encrypted connection?": one TLS connection inside another. The outer one, server TLS, ends at the server that hosts the HSM. It shows a
//! self-signed certificate of AWS's, which the client must have; the client shows a certificate too. The inner one, HSM TLS, ends in the
//! HSM. It shows the cluster certificate, which the client verifies under `customerCA.crt`.

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

/// What a certificate, or a directory of them, is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsRole {
    /// The directory of the client package that the client looks for the server's certificate in.
    ClientDirectory,
    /// What the server that hosts the HSM shows.
    Server,
    /// What the client shows.
    Client,
    /// `customerCA.crt`, by which the client knows its cluster.
    CustomerAuthority,
    /// What the HSM shows.
    Cluster,
}

impl TlsRole {
    /// All, from the outside to the inside.
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

/// Checks everything that is available, and names what is not. `warn_days` before its end a certificate is worth a warning.
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
