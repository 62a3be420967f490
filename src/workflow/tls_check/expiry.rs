//! The dates at which something will stop working.

use super::TlsRole;
use super::dates::is_near;
use super::report::{StepState, TlsReport};
use crate::x509::UnixTime;

/// The end of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Its last second.
    pub date: UnixTime,
    /// Days until it is over, the last one counted as soon as it has begun; zero or less when it is over.
    pub days_left: i64,
    /// What it is for.
    pub role: TlsRole,
    /// Its SHA-256.
    pub sha256: String,
    /// What stops working then, in a sentence.
    pub effect: &'static str,
    /// `Failed` when it is over, `Warning` when it is near, `Noted` when it stops nothing, else `Passed`.
    pub state: StepState,
}

/// What TLS says of a certificate that is over; AWS does not document what its clients, servers and HSMs make of dates, but for one.
const fn effect(role: TlsRole, may_expire: bool) -> &'static str {
    match role {
        TlsRole::ClientDirectory => {
            "After that, clients refuse every server that shows it: the client package needs a newer one."
        }
        TlsRole::Server => {
            "After that, clients refuse this server: AWS must change its certificate, and the client package must contain the new one."
        }
        TlsRole::Client if may_expire => {
            "No effect, according to AWS: the default client certificate expired on 2026-01-31 without effect."
        }
        TlsRole::Client => {
            "After that, this client is refused: sign another certificate for it before that day."
        }
        TlsRole::CustomerAuthority => {
            "After that, no client can verify the cluster: new connections to all its HSMs fail."
        }
        TlsRole::Cluster => "After that, no client accepts the cluster's HSMs: new connections to them fail.",
    }
}

impl TlsReport {
    /// When each certificate ends and what that means, the first end first. A certificate that several servers show is listed once.
    #[must_use]
    pub fn expiries(&self) -> Vec<Expiry> {
        let (now, warn_days) = (self.now, self.warn_days);
        let mut expiries: Vec<Expiry> = Vec::new();
        for listed in &self.certificates {
            let validity = listed.certificate.validity();
            let date = validity.not_after;
            let state = match (listed.may_expire, now > date) {
                (true, _) => StepState::Noted,
                (false, true) => StepState::Failed,
                (false, false) if is_near(&validity, now, warn_days) => StepState::Warning,
                (false, false) => StepState::Passed,
            };
            let expiry = Expiry {
                date,
                days_left: validity.days_left(now),
                role: listed.role,
                sha256: listed.certificate.fingerprint(),
                effect: effect(listed.role, listed.may_expire),
                state,
            };
            if !expiries.contains(&expiry) {
                expiries.push(expiry);
            }
        }
        expiries.sort_by_key(|expiry| (expiry.date, expiry.role));
        expiries
    }
}
