//! The armour of PROTOCOL.sshsig section 2.

use base64ct::{Base64, Encoding};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";

/// Base64 characters per line, as OpenSSH writes them.
const LINE: usize = 70;

/// The largest file in bytes. The signature of an RSA key of 8192 bits has 3100.
const LONGEST: usize = 16 * 1024;

/// Decodes the armour. Returns `None` unless the bytes are exactly those that `ssh-keygen` writes.
pub(super) fn decode(armoured: &[u8]) -> Option<Vec<u8>> {
    if armoured.len() > LONGEST {
        return None;
    }
    let text = str::from_utf8(armoured).ok()?;
    let body = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let blob = Base64::decode_vec(&body.replace('\n', "")).ok()?;
    (encode(&blob) == text).then_some(blob)
}

pub(in crate::ceremony) fn encode(blob: &[u8]) -> String {
    let mut text = BEGIN.to_owned();
    for (index, character) in Base64::encode_string(blob).chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text
}
