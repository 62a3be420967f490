//! Orders of events that a real service shows once in a year: who comes first, what is answered, and what is seen afterwards.

mod course;
mod script;

use std::time::Duration;

use super::*;
use crate::x509::UnixTime;

const SIGNED: &str = include_str!("tests/signed.crt");
/// For the same key, by the same CA: another certificate.
const SIGNED_AGAIN: &str = include_str!("tests/signed-again.crt");
const ANCHOR: &str = include_str!("tests/anchor.crt");
const CSR: &str = include_str!("tests/cluster.csr");
/// Of the HSM that AWS put in the first one's place.
const REPLACED_CSR: &str = include_str!("tests/replaced.csr");

/// 2027-01-01T00:00:00Z, within their validity.
const NOW: UnixTime = UnixTime(1_798_761_600);

fn certificates() -> ClusterCertificates {
    ClusterCertificates::check(SIGNED.as_bytes(), ANCHOR.as_bytes(), NOW).unwrap()
}

/// Milliseconds for a wait of minutes.
const SHORT_WAIT: WaitLimits = WaitLimits {
    longest: Duration::from_millis(200),
    first_pause: Duration::from_millis(1),
};

#[test]
fn a_byte_order_mark_windows_lines_and_blank_lines_change_nothing() {
    let crlf = format!("\r\n{}\r\n\r\n", SIGNED.replace('\n', "\r\n"));
    let read = ClusterCertificates::check(crlf.as_bytes(), ANCHOR.trim_end().as_bytes(), NOW).unwrap();
    assert_eq!(
        (read.signed_pem(), read.anchor_pem()),
        (crlf.as_str(), ANCHOR.trim_end())
    );
    let marked = format!("\u{feff}{SIGNED}");
    let read = ClusterCertificates::check(marked.as_bytes(), ANCHOR.as_bytes(), NOW).unwrap();
    assert_eq!(read.signed_pem(), SIGNED);
}

#[test]
fn der_and_old_labels_go_to_aws_as_pem() {
    let der = certificates().signed().der().to_vec();
    let old = ANCHOR.replace(" CERTIFICATE", " X509 CERTIFICATE");
    let read = ClusterCertificates::check(&der, old.as_bytes(), NOW).unwrap();
    assert_eq!((read.signed_pem(), read.anchor_pem()), (SIGNED, ANCHOR));
}

#[test]
fn five_thousand_characters_are_taken_and_one_more_is_not() {
    let of_length = |length: usize| format!("{}{SIGNED}", "\n".repeat(length - SIGNED.len()));
    let check = |text: String| ClusterCertificates::check(text.as_bytes(), ANCHOR.as_bytes(), NOW);
    assert_eq!(check(of_length(5000)).unwrap().signed_pem().len(), 5000);
    let error = check(of_length(5001)).unwrap_err();
    assert!(
        matches!(
            error,
            InitializeClusterError::TooLong {
                which: WhichCertificate::Signed,
                characters: 5001
            }
        ),
        "{error}"
    );
}

#[test]
fn whatever_stands_beside_the_block_is_refused() {
    for text in [
        format!("hello\n{SIGNED}"),
        format!("{SIGNED}hello\n"),
        format!("# the cluster's\n{SIGNED}"),
        format!("{SIGNED}# the cluster's\n"),
        format!("Bag Attributes\n    localKeyID: 01\n{SIGNED}"),
    ] {
        let error = ClusterCertificates::check(text.as_bytes(), ANCHOR.as_bytes(), NOW).unwrap_err();
        assert!(
            matches!(
                error,
                InitializeClusterError::Text {
                    which: WhichCertificate::Signed,
                    ..
                }
            ),
            "{text:?}: {error}"
        );
    }
    // In an encoding of before UTF-8.
    let latin = [b"Z\xfcrich\n", SIGNED.as_bytes()].concat();
    let error = ClusterCertificates::check(&latin, ANCHOR.as_bytes(), NOW).unwrap_err();
    assert!(matches!(error, InitializeClusterError::Text { .. }), "{error}");
}

#[test]
fn a_short_life_is_worth_a_word() {
    let certificates = certificates();
    assert_eq!(certificates.doubts(NOW), [""; 0]);
    let late = NOW.plus_days(3500);
    let doubts = certificates.doubts(late);
    assert!(doubts.len() == 1 && doubts[0].contains("days"), "{doubts:?}");
}
