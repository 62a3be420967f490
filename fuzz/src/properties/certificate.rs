//! A certificate from a stranger.

use hsm_ca::output::encode_pem;
use hsm_ca::x509::{
    CERTIFICATE, Certificate, CrlContent, CrlKind, CrlScope, CrlTbs, Issuer, PathPolicy, Profile, Tbs,
    Validity, X509Error, verify_chain, verify_path,
};

use super::made::{NOW, serial, sound_request};
use super::second;
use super::shown::{printable, printable_extensions, told};

/// A parsed certificate can be shown; the second decoder parses it too, if its names are readable; it can be verified as a path and used as
/// an issuer.
pub fn check(input: &[u8]) {
    let all = match Certificate::read_all(input) {
        Ok(all) => all,
        Err(error) => return told(error),
    };
    for certificate in &all {
        check_one(certificate);
    }
    if let [leaf, authorities @ ..] = &all[..] {
        verify_paths(leaf, authorities);
        verify_paths(leaf, &all);
    }
}

fn check_one(certificate: &Certificate) {
    printable(certificate.subject());
    printable(certificate.issuer());
    printable(certificate.serial_number());
    printable(certificate.describe_key());
    printable(certificate.describe_signature());
    printable_extensions(&certificate.describe_extensions());
    let validity = certificate.validity();
    printable(validity.not_before);
    printable(validity.not_after);
    printable(NOW.days_until(validity.not_after));
    printable(certificate.subject_hash().unwrap_or_default());
    let pem = encode_pem(CERTIFICATE, certificate.der());
    let again = Certificate::read(pem.as_bytes()).expect("it parsed before");
    assert_eq!(again.der(), certificate.der());
    if certificate.subject().check_readable().is_ok() && certificate.issuer().check_readable().is_ok() {
        second::reads_certificate(certificate);
    }
    if let Err(error) = certificate.check_self_signature() {
        told(error);
    }
    issue_under(certificate);
}

/// Issues under it as if it were the CA's certificate.
fn issue_under(authority: &Certificate) {
    let Ok(key) = authority.public_key() else { return };
    let now = authority.validity().not_before;
    let signature = key.algorithm().default_signature();
    let profile = Profile::named("tls-client", false).expect("it is built in");
    let validity = Validity::days_from(now, 1);
    let plan = Tbs::for_request(
        profile,
        &sound_request(),
        authority,
        &serial(),
        validity,
        signature,
    );
    let checked = plan.and_then(|plan| plan.check(Issuer::Authority(authority), now));
    match checked {
        // Without the right to issue, it is refused.
        Ok(_) => assert!(authority.check_authority(now).is_ok()),
        Err(error) => told(error),
    }
    let plan = CrlContent {
        number: 1.into(),
        this_update: now,
        next_update: validity.not_after,
        scope: CrlScope::All,
        distribution_point: None,
        kind: CrlKind::Full { freshest: None },
    };
    let list = CrlTbs::build::<X509Error>(plan, authority, signature, []);
    if let Err(error) = list.and_then(|list| list.check(authority, None, now)) {
        told(error);
    }
}

fn verify_paths(leaf: &Certificate, authorities: &[Certificate]) {
    for step in verify_chain(leaf, authorities, NOW).steps {
        printable(step.subject);
    }
    let path: Vec<_> = [leaf].into_iter().chain(authorities).collect();
    for version_1_authorities in [false, true] {
        let policy = PathPolicy {
            version_1_authorities,
            outlived: None,
        };
        assert_eq!(verify_path(&path, policy, NOW).len(), path.len());
    }
}
