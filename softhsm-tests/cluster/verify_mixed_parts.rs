//! Parts of several clusters combined, and parts with a changed bit: verified if and only if all are unchanged parts of one cluster.

use hsm_ca::workflow::{IdentityEvidence, IdentityRoots, verify_identity};
use hsm_ca::x509::{Certificate, CertificationRequest, UnixTime};

use crate::cluster::evidence::Evidence;
use crate::harness::{HSM1, HSM2};

const FILES: [&str; 4] = [
    "ClusterCsr.csr",
    "HsmCertificate.crt",
    "AwsHardwareCertificate.crt",
    "ManufacturerHardwareCertificate.crt",
];

/// The bytes of the CSR and the three certificates, and of the two roots.
type Parts = [Vec<u8>; 6];

fn read(evidence: &Evidence) -> Parts {
    let [csr, hsm, aws, manufacturer] = FILES.map(|suffix| evidence.rig.read(&evidence.file(suffix)));
    let [aws_root, manufacturer_root] =
        ["aws-root.crt", "manufacturer-root.crt"].map(|file| evidence.rig.read(file));
    [csr, hsm, aws, manufacturer, aws_root, manufacturer_root]
}

/// `None` if a part cannot be read.
fn is_verified(parts: [&[u8]; 6]) -> Option<bool> {
    let [csr, hsm, aws_hardware, manufacturer_hardware, aws, manufacturer] = parts;
    let certificate = |bytes| Certificate::read(bytes).ok();
    let evidence = IdentityEvidence {
        request: CertificationRequest::read(csr).ok()?,
        hsm: certificate(hsm)?,
        aws_hardware: certificate(aws_hardware)?,
        manufacturer_hardware: certificate(manufacturer_hardware)?,
    };
    let (aws, manufacturer) = (certificate(aws)?, certificate(manufacturer)?);
    let roots = IdentityRoots {
        aws_sha256: Some(aws.fingerprint()),
        manufacturer_sha256: Some(manufacturer.fingerprint()),
        aws,
        manufacturer,
    };
    let now = UnixTime::from_system(std::time::SystemTime::now());
    let verified = verify_identity(&evidence, &roots, now).verified();
    if let Some(identity) = &verified {
        assert_eq!(*identity.key(), evidence.request.public_key().expect("a key"));
    }
    Some(verified.is_some())
}

#[test]
fn only_the_parts_of_one_cluster_under_its_own_roots_are_verified() {
    let clusters = [HSM1, HSM2, HSM2].map(|hsm_type| read(&Evidence::of(hsm_type, "")));
    // AWS's root, and the manufacturer's roots of both generations.
    let roots = [&clusters[0][4], &clusters[0][5], &clusters[1][5]];
    let of_cluster = [[0, 1], [0, 2], [0, 2]];
    let mut verified = 0;
    for number in 0..3_usize.pow(6) {
        let digit = |place| number / 3_usize.pow(place) % 3;
        let [csr, hsm, aws, manufacturer] = [0, 1, 2, 3].map(digit);
        let chosen = [digit(4), digit(5)];
        let parts = [
            &clusters[csr][0][..],
            &clusters[hsm][1],
            &clusters[aws][2],
            &clusters[manufacturer][3],
            roots[chosen[0]],
            roots[chosen[1]],
        ];
        let is_one = [hsm, aws, manufacturer].iter().all(|other| *other == csr) && chosen == of_cluster[csr];
        assert_eq!(
            is_verified(parts),
            Some(is_one),
            "{number}: {csr}{hsm}{aws}{manufacturer} {chosen:?}"
        );
        verified += usize::from(is_one);
    }
    assert_eq!(verified, 3);
}

/// DER of a PEM block.
fn der(pem: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(pem).expect("PEM");
    let label = match text.contains("REQUEST") {
        true => hsm_ca::x509::CERTIFICATE_REQUEST,
        false => hsm_ca::x509::CERTIFICATE,
    };
    hsm_ca::x509::decode_one(pem, label).expect("PEM")
}

#[test]
fn a_bit_changed_anywhere_is_found() {
    for hsm_type in [HSM1, HSM2] {
        let parts = read(&Evidence::of(hsm_type, "")).map(|pem| der(&pem));
        assert_eq!(is_verified(parts.each_ref().map(Vec::as_slice)), Some(true));
        let mut readable = 0;
        for part in 0..parts.len() {
            // Testing every bit would take a minute. 13 and 8 have no common divisor, so every bit of a byte is tested.
            for bit in (0..parts[part].len() * 8).step_by(13) {
                let mut changed = parts.clone();
                changed[part][bit / 8] ^= 1 << (bit % 8);
                let outcome = is_verified(changed.each_ref().map(Vec::as_slice));
                assert_ne!(outcome, Some(true), "{hsm_type}: part {part}, bit {bit}");
                readable += usize::from(outcome.is_some());
            }
        }
        assert!(readable > 1000, "most changes leave the DER readable: {readable}");
    }
}
