//! Enumerates the possible paths (RFC 4158). The work stays within bounds, whatever a stranger's file contains.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::LONGEST_PATH;
use crate::x509::path_rules::{
    Purposes, check_authority, check_critical, check_names, check_path_length, check_signature, check_time,
};
use crate::x509::{Certificate, UnixTime};

/// Limit on signatures that are verified, for all paths together. One takes from 30 microseconds to a millisecond.
const MOST_SIGNATURES: usize = 2000;

/// Limit on certificates that are appended to paths during the search for a valid one.
const MOST_STEPS: usize = 20_000;

/// Limit on the paths that are compared when none is valid.
const MOST_PATHS: usize = 50;

pub(super) fn is_self_signed(certificate: &Certificate) -> bool {
    certificate.is_self_issued() && check_signature(certificate, certificate).is_ok()
}

/// A certificate, with numbers in place of the values that are compared often.
struct Node<'a> {
    certificate: &'a Certificate,
    subject: usize,
    issuer: usize,
    key: usize,
    identifiers: Identifiers,
    /// Nothing is wrong with it by itself, as a CA certificate.
    is_sound: bool,
    /// The same certificate precedes it in the list.
    is_repeated: bool,
}

/// RFC 5280 sections 4.2.1.1 and 4.2.1.2.
struct Identifiers {
    subject: Option<Vec<u8>>,
    authority: Option<Vec<u8>>,
}

impl Identifiers {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject_key_identifier().unwrap_or_default(),
            authority: certificate.authority_key_identifier().unwrap_or_default(),
        }
    }
}

/// A name and the key identifier that goes with it: the issuer that is searched.
type Wanted = (usize, Option<Vec<u8>>);

pub(super) struct Search<'a> {
    /// The authorities, in their order, and after them the certificate that is verified.
    nodes: Vec<Node<'a>>,
    leaf: usize,
    /// The CA certificates for each issuer that was searched.
    named: BTreeMap<Wanted, Rc<[usize]>>,
    /// Which certificate is signed by which key.
    signatures: BTreeMap<(usize, usize), bool>,
    steps: usize,
    bound: Option<String>,
}

/// A path as far as it is built, and its state variables of RFC 5280 section 6.1.
struct Climb<'a> {
    path: Vec<usize>,
    below: Vec<&'a Certificate>,
    authorities: u8,
}

impl<'a> Search<'a> {
    pub(super) fn new(leaf: &'a Certificate, authorities: &'a [Certificate], now: UnixTime) -> Self {
        let mut names = BTreeMap::new();
        let mut keys = BTreeMap::new();
        let mut seen = BTreeMap::new();
        let number = |numbers: &mut BTreeMap<Vec<u8>, usize>, value: Vec<u8>| {
            let next = numbers.len();
            *numbers.entry(value).or_insert(next)
        };
        let certificates = authorities.iter().chain([leaf]);
        let nodes = certificates.enumerate().map(|(place, certificate)| Node {
            certificate,
            subject: number(&mut names, certificate.subject().comparable()),
            issuer: number(&mut names, certificate.issuer().comparable()),
            key: number(&mut keys, key_bytes(certificate)),
            identifiers: Identifiers::of(certificate),
            is_sound: certificate.subject_key_identifier().is_ok()
                && certificate.authority_key_identifier().is_ok()
                && check_time(certificate, now).is_ok()
                && check_critical(certificate).is_ok()
                && check_authority(certificate, 0, now).is_ok(),
            is_repeated: place < authorities.len() && seen.insert(certificate.der(), place).is_some(),
        });
        Self {
            nodes: nodes.collect(),
            leaf: authorities.len(),
            named: BTreeMap::new(),
            signatures: BTreeMap::new(),
            steps: 0,
            bound: None,
        }
    }

    /// Which bound ended the search early.
    pub(super) fn bound(&self) -> Option<&str> {
        self.bound.as_deref()
    }

    fn signed_by(&mut self, certificate: usize, issuer: usize) -> bool {
        let place = (certificate, self.nodes[issuer].key);
        if let Some(known) = self.signatures.get(&place) {
            return *known;
        }
        if self.signatures.len() >= MOST_SIGNATURES {
            self.bound = Some(format!("the first {MOST_SIGNATURES} signatures gave no result"));
            return false;
        }
        let [signed, by] = [certificate, issuer].map(|place| self.nodes[place].certificate);
        let is_signed = check_signature(signed, by).is_ok();
        self.signatures.insert(place, is_signed);
        is_signed
    }

    /// The CA certificates with the issuer's name; those with the wanted key identifier and without faults first.
    fn named(&mut self, certificate: usize) -> Rc<[usize]> {
        let own = &self.nodes[certificate];
        let wanted = (own.issuer, own.identifiers.authority.clone());
        if let Some(known) = self.named.get(&wanted) {
            return Rc::clone(known);
        }
        let is_named = |node: &Node<'_>| !node.is_repeated && node.subject == wanted.0;
        let mut named: Vec<_> = (0..self.leaf)
            .filter(|place| is_named(&self.nodes[*place]))
            .collect();
        named.sort_by_key(|place| {
            let node = &self.nodes[*place];
            let differs = node.identifiers.subject != wanted.1;
            let contradicts = differs && node.identifiers.subject.is_some() && wanted.1.is_some();
            (contradicts, differs, !node.is_sound)
        });
        let named: Rc<[usize]> = named.into();
        self.named.insert(wanted, Rc::clone(&named));
        named
    }

    /// RFC 4158 section 2.4.2: neither a certificate nor a CA (a name with a key) occurs twice in a path.
    fn is_loop(&self, path: &[usize], next: usize) -> bool {
        let next = &self.nodes[next];
        let mut all = path.iter().chain([&self.leaf]).map(|place| &self.nodes[*place]);
        all.any(|node| node.subject == next.subject && node.key == next.key)
    }

    /// Whether a certificate is one of the authorities, and self-issued.
    fn is_own_issuer(&self, place: usize) -> bool {
        let node = &self.nodes[place];
        let der = node.certificate.der();
        let is_named = |other: &Node<'_>| other.certificate.der() == der;
        node.certificate.is_self_issued() && self.nodes[..self.leaf].iter().any(is_named)
    }

    fn is_root(&mut self, place: usize) -> bool {
        self.is_own_issuer(place) && self.signed_by(place, place)
    }

    /// A path without a fault.
    pub(super) fn find_valid(&mut self) -> Option<Vec<usize>> {
        if self.is_root(self.leaf) {
            return Some(Vec::new());
        }
        let heights = self.measure_heights();
        let leaf = self.nodes[self.leaf].certificate;
        let purposes = Purposes::of(leaf).ok()?;
        let mut climb = Climb {
            path: Vec::new(),
            below: vec![leaf],
            authorities: 0,
        };
        self.climb(self.leaf, &mut climb, &purposes, &heights)
    }

    /// How many steps each sound certificate is below a root, as far as it can be above the leaf. Without this, a mesh of CAs that certify each
    /// other but lead to no root would take too long.
    fn measure_heights(&mut self) -> Vec<Option<usize>> {
        let mut heights = vec![None; self.nodes.len()];
        let mut is_above = vec![false; self.nodes.len()];
        let mut above = vec![self.leaf];
        let mut next = 0;
        while let Some(at) = above.get(next).copied() {
            next += 1;
            if at != self.leaf && self.is_root(at) {
                heights[at] = Some(0);
                continue;
            }
            for issuer in self.named(at).iter() {
                if self.nodes[*issuer].is_sound && !is_above[*issuer] {
                    is_above[*issuer] = true;
                    above.push(*issuer);
                }
            }
        }
        for height in 0..LONGEST_PATH {
            for place in &above {
                if heights[*place].is_some() {
                    continue;
                }
                let issuers = self.named(*place);
                let is_below = issuers.iter().any(|issuer| {
                    heights[*issuer] == Some(height)
                        && self.agrees(*place, *issuer)
                        && self.signed_by(*place, *issuer)
                });
                if is_below {
                    heights[*place] = Some(height + 1);
                }
            }
        }
        heights
    }

    /// Whether the key identifiers agree, if both are present.
    fn agrees(&self, certificate: usize, issuer: usize) -> bool {
        let wanted = &self.nodes[certificate].identifiers.authority;
        let found = &self.nodes[issuer].identifiers.subject;
        wanted.is_none() || found.is_none() || wanted == found
    }

    fn climb(
        &mut self,
        at: usize,
        climb: &mut Climb<'a>,
        purposes: &Purposes,
        heights: &[Option<usize>],
    ) -> Option<Vec<usize>> {
        if at != self.leaf && heights[at] == Some(0) {
            return Some(climb.path.clone());
        }
        let named = self.named(at);
        let mut issuers: Vec<_> = named
            .iter()
            .filter_map(|issuer| Some((heights[*issuer]?, *issuer)))
            .collect();
        issuers.sort_by_key(|(height, _)| *height);
        for (height, issuer) in issuers {
            if self.steps >= MOST_STEPS {
                self.bound = Some(format!("the first {MOST_STEPS} steps lead to no valid path"));
                return None;
            }
            self.steps += 1;
            let is_too_long = climb.path.len() + 2 + height > LONGEST_PATH;
            if is_too_long || self.is_loop(&climb.path, issuer) {
                continue;
            }
            if !self.agrees(at, issuer) || !self.signed_by(at, issuer) {
                continue;
            }
            let certificate = self.nodes[issuer].certificate;
            let mut left = purposes.clone();
            let is_fine = check_path_length(certificate, climb.authorities).is_ok()
                && check_names(certificate, &climb.below).is_none_or(|result| result.is_ok())
                && left.bound_by(certificate).is_none_or(|result| result.is_ok());
            if !is_fine {
                continue;
            }
            let counts = u8::from(!certificate.is_self_issued());
            climb.path.push(issuer);
            climb.below.push(certificate);
            climb.authorities = climb.authorities.saturating_add(counts);
            let found = self.climb(issuer, climb, &left, heights);
            climb.authorities = climb.authorities.saturating_sub(counts);
            climb.below.pop();
            climb.path.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Paths as far as they go, with all their faults: if no key with the right name made the signature, the first one stands for all.
    pub(super) fn find_all(&mut self) -> Vec<Vec<usize>> {
        let mut found = Vec::new();
        self.follow(self.leaf, &mut Vec::new(), &mut found);
        found
    }

    fn follow(&mut self, at: usize, path: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
        if found.len() >= MOST_PATHS {
            self.bound
                .get_or_insert_with(|| format!("the first {MOST_PATHS} are not valid"));
            return;
        }
        if path.len() + 1 >= LONGEST_PATH || self.is_root(at) {
            found.push(path.clone());
            return;
        }
        let mut named = self.named(at).to_vec();
        named.retain(|issuer| !self.is_loop(path, *issuer));
        let mut issuers = Vec::new();
        for issuer in &named {
            if self.signed_by(at, *issuer) {
                issuers.push(*issuer);
            }
        }
        if issuers.is_empty() && !self.is_own_issuer(at) {
            issuers.extend(named.first());
        }
        if issuers.is_empty() {
            found.push(path.clone());
        }
        for issuer in issuers {
            path.push(issuer);
            self.follow(issuer, path, found);
            path.pop();
        }
    }
}

/// Two keys are the same if their numbers are.
fn key_bytes(certificate: &Certificate) -> Vec<u8> {
    match certificate.public_key() {
        Ok(key) => key.subject_public_key().to_vec(),
        Err(_) => certificate.der().to_vec(),
    }
}
