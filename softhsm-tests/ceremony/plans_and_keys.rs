//! Both verifiers take the same keys, however strange.

use std::fs;

use base64ct::{Base64, Encoding};
use hsm_ca::ceremony::SshKey;
use serde_json::json;

use super::second_verifier::ask;
use super::ssh_keygen::key;

fn string(octets: &[u8]) -> Vec<u8> {
    let length = u32::try_from(octets.len()).expect("a length");
    [&length.to_be_bytes()[..], octets].concat()
}

fn line_of(kind: &str, parts: &[&[u8]]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| string(part)).collect();
    let blob = [string(kind.as_bytes()), parts.concat()].concat();
    format!("{kind} {}", Base64::encode_string(&blob))
}

#[test]
fn both_verifiers_read_the_same_keys() {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let kinds: [&[&str]; 5] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "3072"],
    ];
    for kind in kinds {
        let directory = key(kind);
        let public = fs::read_to_string(directory.path().join("k.pub")).expect("a key");
        let (kind, base64) = public.split_once(' ').expect("a line");
        let base64 = base64.split(' ').next().expect("base64");
        let line = format!("{kind} {base64}");
        for other in [
            line.clone(),
            public.clone(),
            format!("{line}\n"),
            format!("{line}\r\n"),
            format!("\u{feff}{line}"),
            line.replace(' ', "  "),
            line.replace(' ', "\t"),
            format!("cert-authority {line}"),
            format!("namespaces=\"file\" {line}"),
            format!("valid-before=\"20300101\" {line}"),
            format!("{kind} {base64}="),
            format!("ssh-rsa {base64}"),
            format!("{kind}-cert-v01@openssh.com {base64}"),
        ] {
            lines.push(other.into_bytes());
        }
        let blob = Base64::decode_vec(base64).expect("base64");
        // An RSA key takes long, so a part of its octets is enough.
        let step = if blob.len() > 300 { 29 } else { 1 };
        for place in (0..blob.len()).step_by(step) {
            let mut other = blob.clone();
            other[place] ^= 1 << (place % 8);
            lines.push(format!("{kind} {}", Base64::encode_string(&other)).into_bytes());
        }
        lines.push(format!("{kind} {}", Base64::encode_string(&[&blob[..], b"\0"].concat())).into_bytes());
        if kind == "ssh-ed25519" {
            let security =
                |application: &[u8]| line_of("sk-ssh-ed25519@openssh.com", &[&blob[19..], application]);
            for application in [&b"ssh:"[..], b"", b"\xff", b"another"] {
                lines.push(security(application).into_bytes());
            }
        }
        if kind == "ssh-rsa" {
            let modulus = &blob[blob.len() - 385..];
            for exponent in [
                &b"\x03"[..],
                b"\x01\x00\x00",
                b"\x01\x00\x01",
                b"\0\x01\x00\x01",
                b"\x01\0\0\0\x01",
                b"",
            ] {
                lines.push(line_of("ssh-rsa", &[exponent, modulus]).into_bytes());
            }
        }
    }
    lines.extend(
        small_points()
            .iter()
            .map(|point| line_of("ssh-ed25519", &[point]).into_bytes()),
    );
    let asked: Vec<_> = lines
        .iter()
        .map(|line| json!({"what": "key", "hex": hex::encode(line)}))
        .collect();
    let mut accepted = 0;
    for (line, theirs) in lines.iter().zip(ask(&asked)) {
        let text = String::from_utf8_lossy(line);
        let ours = SshKey::from_line(&text).map_err(|error| error.to_string());
        // A plan has each key in its only spelling.
        let is_ours = ours.as_ref().is_ok_and(|key| key.line() == text);
        assert_eq!(is_ours, theirs == "ok", "{text}: {ours:?}: {theirs}");
        accepted += usize::from(is_ours);
    }
    assert!(
        accepted > 20 && lines.len() > 400,
        "{accepted} of {}",
        lines.len()
    );
}

/// The points of Ed25519 whose order divides 8, and other spellings of them.
fn small_points() -> Vec<[u8; 32]> {
    const EIGHTH: &str = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    const OTHER_EIGHTH: &str = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let mut points = Vec::new();
    let number = |first: u8, middle: u8, last: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    points.extend([number(0, 0, 0), number(1, 0, 0)]);
    points.extend([0xec, 0xed, 0xee].map(|first| number(first, 0xff, 0x7f)));
    for text in [EIGHTH, OTHER_EIGHTH] {
        points.push(hex::decode(text).expect("hex").try_into().expect("32 octets"));
    }
    let signed = points.clone().into_iter().map(|mut point: [u8; 32]| {
        point[31] |= 0x80;
        point
    });
    points.extend(signed.collect::<Vec<_>>());
    points
}
