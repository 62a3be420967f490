//! Several certificates together: which of them issued which, and whether the signatures confirm it.

use super::{Certificate, path_rules};

/// The position of a certificate among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The index of the certificate that issued it; `None` for one that is its own issuer, or whose issuer is not among them.
    pub issuer: Option<usize>,
    /// What this certificate is, or how it is linked to its issuer.
    pub state: LinkState,
    /// What is wrong between them, and between this certificate and those above.
    pub problems: Vec<String>,
}

/// The role of a certificate among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Its own issuer.
    SelfSigned,
    /// Issued by one of the others.
    Issued,
    /// Its issuer is not among them.
    IssuerMissing,
    /// The same certificate precedes it.
    Repeated,
}

/// Finds the issuer of each certificate: by name, and among several with that name the one whose key made the signature.
#[must_use]
pub fn link(certificates: &[Certificate]) -> Vec<Link> {
    let mut issuers: Vec<Option<usize>> = vec![None; certificates.len()];
    let subjects: Vec<_> = certificates
        .iter()
        .map(|one| one.subject().comparable())
        .collect();
    for index in 0..certificates.len() {
        issuers[index] = find_issuer(certificates, &subjects, &issuers, index);
    }
    let authorities = count_authorities(certificates, &issuers);
    let checked = authorities.into_iter().enumerate();
    checked
        .map(|(index, below)| check_link(certificates, &issuers, index, below))
        .collect()
}

fn is_repeated(certificates: &[Certificate], index: usize) -> bool {
    let der = certificates[index].der();
    certificates[..index].iter().any(|before| before.der() == der)
}

fn is_self_signed(certificate: &Certificate) -> bool {
    certificate.is_self_issued() && path_rules::check_signature(certificate, certificate).is_ok()
}

/// A stranger's file may have hundreds with one name, and a signature takes milliseconds to verify.
const MOST_TRIED: usize = 16;

/// `subjects` are the names in a form that is the same for every spelling of a name (RFC 5280 section 7.1).
fn find_issuer(
    certificates: &[Certificate],
    subjects: &[Vec<u8>],
    issuers: &[Option<usize>],
    index: usize,
) -> Option<usize> {
    let certificate = &certificates[index];
    if is_self_signed(certificate) || is_repeated(certificates, index) {
        return None;
    }
    // The next one in the file first, as TLS has them.
    let others = (index + 1..certificates.len()).chain(0..index);
    let name = certificate.issuer().comparable();
    let fits = |other: &usize| {
        subjects[*other] == name
            && !is_repeated(certificates, *other)
            && !path(issuers, *other).any(|above| above == index)
    };
    let mut candidates: Vec<_> = others.filter(fits).collect();
    // The key that the certificate names goes first, then the name in the same bytes; the signature decides.
    let wanted = certificate.authority_key_identifier().ok().flatten();
    let is_named = |other: &usize| {
        let found = certificates[*other].subject_key_identifier().ok().flatten();
        wanted.is_some() && found == wanted
    };
    candidates.sort_by_key(|other| {
        let is_other_spelling = certificates[*other].subject() != certificate.issuer();
        (!is_named(other), is_other_spelling)
    });
    let signed = |other: &&usize| path_rules::check_signature(certificate, &certificates[**other]).is_ok();
    let by_name = || candidates.first().filter(|_| !certificate.is_self_issued());
    candidates
        .iter()
        .take(MOST_TRIED)
        .find(signed)
        .or_else(by_name)
        .copied()
}

/// From a place to the top.
fn path(issuers: &[Option<usize>], from: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(from), |at| issuers[*at])
}

fn check_link(certificates: &[Certificate], issuers: &[Option<usize>], index: usize, below: u8) -> Link {
    let certificate = &certificates[index];
    let mut problems = Vec::new();
    let state = match issuers[index] {
        Some(issuer) => {
            let issuer = &certificates[issuer];
            problems.extend(path_rules::check_signature(certificate, issuer).err());
            problems.extend(path_rules::check_identifiers(certificate, issuer).err());
            problems.extend(
                issuer
                    .check_authority_flags()
                    .err()
                    .map(|error| error.to_string()),
            );
            problems.extend(path_rules::check_path_length(issuer, below).err());
            LinkState::Issued
        }
        None if is_repeated(certificates, index) => LinkState::Repeated,
        None if is_self_signed(certificate) => LinkState::SelfSigned,
        None if certificate.is_self_issued() => {
            problems.extend(path_rules::check_signature(certificate, certificate).err());
            LinkState::SelfSigned
        }
        None => LinkState::IssuerMissing,
    };
    for above in path(issuers, index).skip(1) {
        let names = path_rules::check_names(&certificates[above], &[certificate]);
        problems.extend(names.and_then(Result::err));
    }
    Link {
        issuer: issuers[index],
        state,
        problems,
    }
}

/// How many CA certificates are on the longest way down from each place, itself included: RFC 5280 section 4.2.1.9 does not count
/// self-issued ones.
fn count_authorities(certificates: &[Certificate], issuers: &[Option<usize>]) -> Vec<u8> {
    let mut most = vec![0_u8; certificates.len()];
    for start in 0..certificates.len() {
        let mut count = 0_u8;
        for at in path(issuers, start) {
            let certificate = &certificates[at];
            let counts = certificate.is_authority() && !certificate.is_self_issued();
            count = count.saturating_add(u8::from(counts));
            most[at] = most[at].max(count);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::fixture::{Sketch, SoftwareKey};

    fn states(certificates: &[Certificate]) -> Vec<(Option<usize>, LinkState, bool)> {
        let links = link(certificates).into_iter();
        links
            .map(|link| (link.issuer, link.state, link.problems.is_empty()))
            .collect()
    }

    #[test]
    fn two_cas_that_certify_each_other_do_not_loop() {
        let (one, other) = (SoftwareKey::generate(), SoftwareKey::generate());
        let one_by_other = Sketch::authority("CN=One", "CN=Other").sign(&one, &other);
        let other_by_one = Sketch::authority("CN=Other", "CN=One").sign(&other, &one);
        let own = Sketch::authority("CN=One", "CN=One").sign(&one, &one);
        let found = states(&[one_by_other.clone(), other_by_one.clone()]);
        assert_eq!(
            found,
            [
                (Some(1), LinkState::Issued, true),
                (None, LinkState::IssuerMissing, true)
            ]
        );
        let found = states(&[one_by_other, other_by_one, own]);
        assert_eq!(found[1], (Some(2), LinkState::Issued, true));
        assert_eq!(found[2], (None, LinkState::SelfSigned, true));
    }

    #[test]
    fn of_two_issuers_with_one_name_the_one_with_the_key_is_found() {
        let keys = [SoftwareKey::generate(), SoftwareKey::generate()];
        let [old, new] = &keys;
        let roots = [old, new].map(|key| Sketch::authority("CN=Root", "CN=Root").sign(key, key));
        let leaf = Sketch::version_3("CN=leaf", "CN=Root", Vec::new()).sign(&SoftwareKey::generate(), new);
        let [first, second] = roots;
        let found = states(&[leaf.clone(), first.clone(), second]);
        assert_eq!(found[0], (Some(2), LinkState::Issued, true));
        // The signature of a root that cannot be verified does not link it to another root of its name.
        let strange = Sketch::authority("CN=Root", "CN=Root").sign(old, &SoftwareKey::generate());
        assert_eq!(
            states(&[strange, first.clone()])[0],
            (None, LinkState::SelfSigned, false)
        );
        // Without the right key the name links it, and the signature is wrong.
        let found = states(&[leaf, first.clone(), first]);
        assert_eq!(found[0], (Some(1), LinkState::Issued, false));
        assert_eq!(found[2], (None, LinkState::Repeated, true));
    }

    #[test]
    fn of_a_hundred_issuers_with_one_name_the_one_with_the_key_identifier_is_found_first() {
        use const_oid::db::rfc5280::{ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_SUBJECT_KEY_IDENTIFIER};

        use crate::x509::fixture::extension;

        let (key, other) = (SoftwareKey::generate(), SoftwareKey::generate());
        let authority = |signer: &SoftwareKey, identifier: u8| {
            let mut sketch = Sketch::authority("CN=Sub", "CN=Root");
            let value = [0x04, 0x01, identifier];
            let identifier = extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, &value);
            sketch.extensions.as_mut().unwrap().push(identifier);
            sketch.sign(signer, &key)
        };
        let named = extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, b"\x30\x03\x80\x01\x64");
        let leaf = |extensions| Sketch::version_3("CN=leaf", "CN=Sub", extensions).sign(&other, &key);
        let mut certificates = vec![leaf(vec![named]), leaf(Vec::new())];
        certificates.extend((0..100).map(|identifier| authority(&other, identifier)));
        certificates.push(authority(&key, 100));
        let found = states(&certificates);
        assert_eq!(found[0], (Some(102), LinkState::Issued, true));
        // Nothing says which of them it is, and not all are tried.
        assert_eq!(found[1], (Some(2), LinkState::Issued, false));
    }

    #[test]
    fn another_spelling_of_a_name_is_the_same_name() {
        let key = SoftwareKey::generate();
        let root = Sketch::authority("CN=A Root", "CN=A Root").sign(&key, &key);
        let leaf = Sketch::version_3("CN=leaf", "CN=a  root", Vec::new()).sign(&key, &key);
        assert_eq!(states(&[leaf, root])[0], (Some(1), LinkState::Issued, true));
    }

    #[test]
    fn certificates_in_between_count_for_the_path_length() {
        let keys: Vec<_> = (0..4).map(|_| SoftwareKey::generate()).collect();
        let mut root = Sketch::authority("CN=0", "CN=0");
        // pathLenConstraint 0
        root.extensions.as_mut().unwrap()[0] = crate::x509::fixture::extension(
            const_oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS,
            true,
            b"\x30\x06\x01\x01\xff\x02\x01\x00",
        );
        let root = root.sign(&keys[0], &keys[0]);
        let sub = Sketch::authority("CN=1", "CN=0").sign(&keys[1], &keys[0]);
        let leaf = Sketch::version_3("CN=2", "CN=1", Vec::new()).sign(&keys[2], &keys[1]);
        let direct = Sketch::version_3("CN=3", "CN=0", Vec::new()).sign(&keys[3], &keys[0]);
        let found = link(&[leaf, sub, root, direct]);
        assert_eq!(
            found[1].problems,
            ["pathLenConstraint 0, but 1 CA certificates follow"]
        );
        assert!(found[0].problems.is_empty() && found[3].problems.is_empty());
    }
}
