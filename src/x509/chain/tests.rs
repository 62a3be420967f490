mod alternatives;

use std::borrow::Cow;

use super::*;
use crate::signer::Signer;
use crate::x509::fixture::{NOW, SoftwareKey, authority, issue};
use crate::x509::{Name, NameConstraints, Profile, ProfileExtension, Purpose, Subtree, VerifiedRequest};

/// A path from a root down, each certificate with its profile.
struct Path {
    key: SoftwareKey,
    certificates: Vec<Certificate>,
}

impl Path {
    fn new() -> Self {
        let key = SoftwareKey::generate();
        Self {
            certificates: vec![authority(&key)],
            key,
        }
    }

    /// Issues another certificate, whatever the CA above allows.
    fn then(mut self, profile: &Profile, subject: &str) -> Self {
        let key = SoftwareKey::generate();
        let request = VerifiedRequest::for_tests(&key, &Name::from_rfc4514(subject).unwrap());
        let issuer = self.certificates.last().unwrap();
        let plan = crate::x509::fixture::plan(profile, &request, issuer);
        let certificate = crate::x509::Checked::unchecked(plan)
            .sign(&self.key)
            .unwrap()
            .certificate()
            .clone();
        self.certificates.push(certificate);
        self.key = key;
        self
    }

    fn problems(&self) -> Vec<String> {
        let (leaf, authorities) = self.certificates.split_last().unwrap();
        let report = verify_chain(leaf, authorities, NOW);
        let problems = report
            .steps
            .into_iter()
            .filter_map(|step| Some((step.what.name(), step.problem?)));
        problems
            .map(|(what, problem)| format!("{what}: {problem}"))
            .collect()
    }
}

fn intermediate(more: ProfileExtension) -> Profile {
    let mut profile = Profile::intermediate();
    profile.extensions[0] = ProfileExtension::BasicConstraints {
        ca: true,
        path_length: None,
    };
    profile.extensions.insert(2, more);
    profile
}

fn permitting(tree: &str) -> Profile {
    intermediate(ProfileExtension::NameConstraints(NameConstraints {
        permitted: vec![Subtree::parse(tree).unwrap()],
        excluded: Vec::new(),
    }))
}

fn for_purposes(purposes: &[Purpose]) -> Profile {
    intermediate(ProfileExtension::ExtendedKeyUsage(Cow::Owned(purposes.to_vec())))
}

#[test]
fn name_constraints_apply_to_every_certificate_below() {
    let inside = Path::new()
        .then(&permitting("dn:O=Example"), "CN=CA")
        .then(&Profile::tls_client(), "CN=x,O=Example");
    assert_eq!(inside.problems(), Vec::<String>::new());
    let outside = Path::new()
        .then(&permitting("dn:O=Example"), "CN=CA")
        .then(&Profile::tls_client(), "CN=x,O=Other");
    assert_eq!(
        outside.problems(),
        ["name constraints: \"CN=x,O=Other\" is not permitted"]
    );
    // Two levels down, below a CA that satisfies the constraints.
    let deep = Path::new()
        .then(&permitting("dn:O=Example"), "CN=CA")
        .then(&Profile::intermediate(), "CN=Lower,O=Example")
        .then(&Profile::tls_client(), "CN=x,O=Other");
    assert_eq!(
        deep.problems(),
        ["name constraints: \"CN=x,O=Other\" is not permitted"]
    );
    // And for the intermediate CA.
    let between = Path::new()
        .then(&permitting("dn:O=Example"), "CN=CA")
        .then(&Profile::intermediate(), "CN=Lower,O=Other")
        .then(&Profile::tls_client(), "CN=x,O=Example");
    assert_eq!(
        between.problems(),
        ["name constraints: \"CN=Lower,O=Other\" is not permitted"]
    );
}

/// RFC 5280 section 6.1.4 (g) (1): permitted is what every CA of the path permits.
#[test]
fn constraints_of_two_cas_are_their_intersection() {
    let path = |subject: &str| {
        Path::new()
            .then(&permitting("dn:C=US"), "CN=CA")
            .then(&permitting("dn:O=Example,C=US"), "CN=Lower,C=US")
            .then(&Profile::tls_client(), subject)
            .problems()
            .len()
    };
    assert_eq!(path("CN=x,O=Example,C=US"), 0);
    assert_eq!(path("CN=x,O=Other,C=US"), 1);
    assert_eq!(path("CN=x,O=Example"), 2);
}

/// RFC 5280 section 6.1.3 (b): "if certificate i is self-issued and it is not the final certificate".
#[test]
fn a_self_issued_ca_is_exempt_and_a_self_issued_leaf_is_not() {
    let root_key = SoftwareKey::generate();
    let root = authority(&root_key);
    let (old, new) = (SoftwareKey::generate(), SoftwareKey::generate());
    let name = Name::from_rfc4514("CN=CA,O=Other").unwrap();
    let ca = issue(
        &permitting("dn:O=Example"),
        &VerifiedRequest::for_tests(&old, &name),
        &root,
        &root_key,
    );
    let below = |profile: &Profile, key: &SoftwareKey| {
        let request = VerifiedRequest::for_tests(key, &name);
        let plan = crate::x509::fixture::plan(profile, &request, &ca);
        crate::x509::Checked::unchecked(plan)
            .sign(&old)
            .unwrap()
            .certificate()
            .clone()
    };
    let rolled_over = below(&Profile::intermediate(), &new);
    assert!(rolled_over.is_self_issued() && rolled_over.public_key().unwrap() == *new.public_key());
    let leaf = SoftwareKey::generate();
    let subject = Name::from_rfc4514("CN=x,O=Example").unwrap();
    let leaf = issue(
        &Profile::tls_client(),
        &VerifiedRequest::for_tests(&leaf, &subject),
        &rolled_over,
        &new,
    );
    let authorities = [root, ca.clone(), rolled_over];
    assert!(verify_chain(&leaf, &authorities, NOW).passed());
    let leaf = below(&Profile::tls_client(), &SoftwareKey::generate());
    assert!(leaf.is_self_issued());
    assert!(!verify_chain(&leaf, &authorities, NOW).passed());
}

#[test]
fn a_path_needs_a_purpose_that_all_its_certificates_have() {
    let path = |above: &[Purpose], leaf: &Profile| {
        let path = Path::new().then(&for_purposes(above), "CN=CA").then(leaf, "CN=x");
        path.problems()
    };
    let both = [Purpose::SERVER_AUTH, Purpose::CLIENT_AUTH];
    assert!(path(&both, &Profile::tls_client()).is_empty());
    assert!(path(&[Purpose::SERVER_AUTH], &Profile::ocsp_signer()).is_empty());
    assert!(path(&[Purpose::SERVER_AUTH], &Profile::cloudhsm_cluster()).is_empty());
    let problems = path(&[Purpose::SERVER_AUTH], &Profile::tls_client());
    assert!(
        problems[0].starts_with("purposes: ") && problems.len() == 1,
        "{problems:?}"
    );
    // A leaf for all purposes has none left under two CAs without a common purpose.
    let apart = Path::new()
        .then(&for_purposes(&[Purpose::SERVER_AUTH]), "CN=CA")
        .then(&for_purposes(&[Purpose::CLIENT_AUTH]), "CN=Lower")
        .then(&Profile::cloudhsm_cluster(), "CN=x");
    assert!(apart.problems()[0].starts_with("purposes: "));
}

#[test]
fn a_path_length_counts_the_cas_below() {
    let path = Path::new()
        .then(&Profile::intermediate(), "CN=CA")
        .then(&Profile::intermediate(), "CN=Lower")
        .then(&Profile::tls_client(), "CN=x");
    assert_eq!(
        path.problems(),
        ["CA certificate: pathLenConstraint 0, but 1 CA certificates follow"]
    );
}
