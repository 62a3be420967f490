//! A certificate revocation list from a stranger.

use hsm_ca::output::encode_pem;
use hsm_ca::signer::Signer;
use hsm_ca::x509::{CertificateRevocationList, SerialNumber, X509_CRL};

use super::made::CA_KEY;
use super::second;
use super::shown::{printable, printable_extensions, told};

/// A parsed CRL can be shown entry by entry; an entry is found by its number; and the second decoder finds the same, if its names are
/// readable.
pub fn check(input: &[u8]) {
    let list = match CertificateRevocationList::read(input.to_vec()) {
        Ok(list) => list,
        Err(error) => return told(error),
    };
    printable(list.issuer());
    printable(list.this_update());
    printable(list.describe_signature());
    printable_extensions(&list.describe_extensions());
    for number in [list.number(), list.base()] {
        match number {
            Ok(number) => printable(number.map(|number| number.to_string()).unwrap_or_default()),
            Err(error) => told(error),
        }
    }
    for entry in list.entries() {
        printable(SerialNumber::from_octets(entry.serial));
        printable(entry.revoked_at);
        printable(entry.reason);
        assert_eq!(entry.to_revocation().serial.octets(), entry.serial);
    }
    if let Some(first) = list.entries().next() {
        assert_eq!(list.find(first.serial), Some(first));
    }
    assert!(list.verify_signature(CA_KEY.public_key()).is_err());
    let pem = encode_pem(X509_CRL, list.der());
    let again = CertificateRevocationList::read(pem.into_bytes()).expect("it parsed before");
    assert_eq!(again.der(), list.der());
    if list.issuer().check_readable().is_ok() {
        second::reads_crl(&list);
    }
}
