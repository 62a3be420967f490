//! `index.txt` of `openssl ca`.

use hsm_ca::output::{Encoding, Verified};
use hsm_ca::signer::Signer;
use hsm_ca::x509::{
    CertificateRevocationList, CrlContent, CrlKind, CrlScope, CrlTbs, OpensslIndex, Revocation, Validity,
    X509Error,
};

use super::made::{CA, CA_KEY, NOW};
use super::second;
use super::shown::told;

/// The revoked certificates of an index come in order, each once, and are on the CRL that is made from it; or a rule forbids the CRL.
pub fn check(input: &[u8]) {
    let index = match OpensslIndex::read(input) {
        Ok(index) => index,
        Err(error) => return told(error),
    };
    let revoked: Vec<_> = index.revocations().collect();
    assert_eq!(revoked.len(), index.len());
    let lines = input
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"R"));
    assert_eq!(lines.count(), revoked.len());
    let order = |revocation: &Revocation| {
        let serial = revocation.serial.octets().to_vec();
        (serial.len(), serial)
    };
    assert!(revoked.array_windows().all(|[a, b]| order(a) < order(b)));
    match list_of(&revoked) {
        Err(X509Error::Rule { rule, .. }) => assert!(!rule.is_empty()),
        Err(X509Error::Calendar) => {}
        Err(other) => panic!("no rule: {other:?}"),
        Ok(list) => {
            assert!(list.entries().map(|entry| entry.to_revocation()).eq(revoked));
            second::reads_crl(&list);
        }
    }
}

fn list_of(revoked: &[Revocation]) -> Result<CertificateRevocationList, X509Error> {
    let plan = CrlContent {
        number: 7.into(),
        this_update: NOW,
        next_update: Validity::days_from(NOW, 7).not_after,
        scope: CrlScope::All,
        distribution_point: None,
        kind: CrlKind::Full { freshest: None },
    };
    let signature = CA_KEY.public_key().algorithm().default_signature();
    let revoked = revoked.iter().cloned().map(Ok::<_, X509Error>);
    let checked = CrlTbs::build(plan, &CA, signature, revoked)?.check(&CA, None, NOW)?;
    let issued = checked.sign(&*CA_KEY)?;
    let written = issued.content(Encoding::Pem);
    assert_eq!(issued.recheck(&written), Ok(()));
    CertificateRevocationList::read(written)
}
