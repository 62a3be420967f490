//! Several certificates, drawn as a chain.

use hsm_ca::x509::{Certificate, Link, LinkState, UnixTime};

use super::details::{describe_end, tone_of_end};
use crate::cli::canvas::Tone;
use crate::cli::json::certificate::{ChainLink, LinkSource, LinkState as State};
use crate::cli::json::common::Fingerprint;
use crate::cli::page::Page;

/// The certificates to show, and those above them that were given only to complete the chain.
pub(super) struct Chain {
    pub(super) certificates: Vec<Certificate>,
    /// The number of certificates to show. The rest are from `--ca`.
    pub(super) shown: usize,
    pub(super) links: Vec<Link>,
}

impl Chain {
    /// The indices from the leaf up, if there is exactly one path.
    fn way_up(&self) -> Option<Vec<usize>> {
        let is_issuer = |place: usize| self.links.iter().any(|link| link.issuer == Some(place));
        let leaves: Vec<_> = (0..self.links.len()).filter(|place| !is_issuer(*place)).collect();
        let [leaf] = leaves[..] else { return None };
        let way: Vec<_> = std::iter::successors(Some(leaf), |at| self.links[*at].issuer).collect();
        (way.len() == self.links.len()).then_some(way)
    }

    /// RFC 8446 section 4.4.2: "each following certificate SHOULD directly certify the one immediately preceding it".
    pub(super) fn order(&self) -> Option<(Vec<usize>, bool)> {
        let way: Vec<_> = self.way_up()?.into_iter().filter(|at| *at < self.shown).collect();
        let in_order = way.is_sorted();
        Some((way, in_order))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.links.iter().all(|link| link.problems.is_empty())
    }

    fn name(&self, place: usize) -> String {
        if place < self.shown {
            format!("[{}]", place + 1)
        } else {
            "[--ca]".to_owned()
        }
    }

    pub(super) fn write(&self, page: &mut Page, now: UnixTime) {
        page.line(&self.headline()).blank();
        let tops = (0..self.links.len()).filter(|place| self.links[*place].issuer.is_none());
        let (repeated, tops): (Vec<_>, Vec<_>) =
            tops.partition(|place| self.links[*place].state == LinkState::Repeated);
        for (index, top) in tops.into_iter().enumerate() {
            if index > 0 {
                page.blank();
            }
            if self.links[top].state == LinkState::IssuerMissing {
                let issuer = self.certificates[top].issuer();
                page.hang("", &format!("({issuer}: not in this file)"), Some(Tone::Doubtful));
                self.write_one(page, top, "", true, now);
            } else {
                self.write_one(page, top, "", false, now);
            }
        }
        for place in repeated {
            page.hang(
                "",
                &format!("{} occurs twice", self.name(place)),
                Some(Tone::Doubtful),
            );
        }
    }

    fn headline(&self) -> String {
        let count = format!("{} certificates", self.shown);
        let count = if self.shown == 1 {
            "1 certificate".to_owned()
        } else {
            count
        };
        match self.order() {
            _ if self.shown == 1 => count,
            Some((_, true)) => format!("{count} of one chain, each followed by its issuer"),
            Some((way, false)) if way.is_sorted_by(|a, b| a > b) => {
                format!("{count} of one chain, from the top down; TLS expects the reverse order")
            }
            Some((way, false)) => {
                let way: Vec<_> = way.iter().map(|at| self.name(*at)).collect();
                format!(
                    "{count} of one chain, OUT OF ORDER: each must be followed by its issuer, {}",
                    way.join(" ")
                )
            }
            None => format!("{count}, not of one chain"),
        }
    }

    fn write_one(&self, page: &mut Page, place: usize, indent: &str, hangs: bool, now: UnixTime) {
        let branch = match (hangs, page.canvas().lines) {
            (false, _) => "",
            (true, true) => "└─ ",
            (true, false) => "`- ",
        };
        let (certificate, link) = (&self.certificates[place], &self.links[place]);
        let first = format!("{indent}{branch}");
        page.hang(
            &first,
            &format!("{} {}", self.name(place), certificate.subject()),
            None,
        );
        let below = " ".repeat(first.chars().count() + 4);
        let end = certificate.validity().not_after.to_string();
        let day = end.split('T').next().unwrap_or_default();
        let details = format!(
            "{}, until {day} ({})",
            certificate.describe_key(),
            describe_end(certificate, now)
        );
        page.hang(&below, &details, tone_of_end(certificate, now));
        let verdict = match (link.state, link.issuer) {
            (_, _) if !link.problems.is_empty() => format!("NOT VERIFIED: {}", link.problems.join("; ")),
            (LinkState::SelfSigned, _) => "self-signed, verifies".to_owned(),
            (LinkState::Issued, Some(issuer)) => format!("verifies under {}", self.name(issuer)),
            _ => "its signature cannot be verified".to_owned(),
        };
        let tone = match (link.problems.is_empty(), link.state) {
            (false, _) => Tone::Bad,
            (true, LinkState::IssuerMissing) => Tone::Doubtful,
            _ => Tone::Good,
        };
        page.hang(&below, &verdict, Some(tone));
        let unprocessed = certificate.unprocessed_critical_extensions();
        if !unprocessed.is_empty() {
            let note = format!(
                "critical, and not processed by `cert verify`: {}",
                unprocessed.join(", ")
            );
            page.hang(&below, &note, Some(Tone::Doubtful));
        }
        let deeper = format!("{indent}{}", if hangs { "   " } else { "" });
        for (child, link) in self.links.iter().enumerate() {
            if link.issuer == Some(place) {
                self.write_one(page, child, &deeper, true, now);
            }
        }
    }

    pub(super) fn to_json(&self) -> Vec<ChainLink> {
        let one = |(place, link): (usize, &Link)| ChainLink {
            index: place,
            subject: self.certificates[place].subject().to_string(),
            sha256: Fingerprint::new(self.certificates[place].fingerprint()),
            source: match place < self.shown {
                true => LinkSource::File,
                false => LinkSource::Ca,
            },
            state: match link.state {
                LinkState::SelfSigned => State::SelfSigned,
                LinkState::Issued => State::Issued,
                LinkState::IssuerMissing => State::IssuerMissing,
                LinkState::Repeated => State::Repeated,
            },
            issuer_index: link.issuer,
            verified: link.problems.is_empty()
                && matches!(link.state, LinkState::SelfSigned | LinkState::Issued),
            problems: link.problems.clone(),
        };
        self.links.iter().enumerate().map(one).collect()
    }
}
