//! Lists of public keys whose private keys others know, such as the keys that Debian's OpenSSL made from 2006 to 2008 (CVE-2008-0166).

use std::collections::BTreeSet;
use std::fmt;

use super::{Hex, KeyAlgorithm, KeyFault, PublicKey, sha1, sha256};

/// The part of a SHA-1 that `openssl-vulnkey` keeps: its last 80 bits.
const TAIL: usize = 10;

/// The part of a SHA-256 that badkeys keeps: its first 120 bits. The next byte is the number of the source list.
const HEAD: usize = 15;

/// Public keys, by their hashes. Three forms are read:
///
/// - Text with one hash a line, in hex; lines that are empty or begin with `#` are skipped. 64 digits are the SHA-256 of the modulus of
///   an RSA key, or of the x coordinate of an EC key, without leading zeros (`dwk_blocklists`); of an Ed25519 key, of its 32 bytes.
/// - 20 digits are the last half of the SHA-1 of `Modulus=`, the modulus in upper-case hex and a line feed (`openssl-blacklist`).
/// - Records of 16 bytes in ascending order: the first 15 bytes of that SHA-256, and one that is not used (`blocklist.dat` of badkeys).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeyList {
    tails: BTreeSet<[u8; TAIL]>,
    heads: BTreeSet<[u8; HEAD]>,
}

impl fmt::Debug for KeyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyList of {}", self.tails.len() + self.heads.len())
    }
}

/// Why a key list cannot be read.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyListError {
    /// It has no keys, so it would refuse none.
    Empty,
    /// A line is not a hash. Lines count from 1.
    Line(usize),
    /// It is neither text nor records of 16 bytes in ascending order.
    Records,
}

impl fmt::Display for KeyListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the list has no keys"),
            Self::Line(line) => write!(
                f,
                "line {line} is not a hash: 64 hex digits (SHA-256) or 20 (openssl-blacklist)"
            ),
            Self::Records => f.write_str(
                "it is neither text with a hash in each line nor records of 16 bytes in ascending order (badkeys)",
            ),
        }
    }
}

impl std::error::Error for KeyListError {}

impl KeyList {
    /// Reads a list in any of its forms.
    ///
    /// # Errors
    /// [`KeyListError`]: a truncated or damaged list would refuse too few keys.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyListError> {
        let is_text = bytes
            .iter()
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        let list = match is_text {
            true => Self::read_lines(bytes)?,
            false => Self::read_records(bytes)?,
        };
        match list.tails.is_empty() && list.heads.is_empty() {
            true => Err(KeyListError::Empty),
            false => Ok(list),
        }
    }

    fn read_lines(text: &[u8]) -> Result<Self, KeyListError> {
        let mut list = Self::default();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let hash = hex::decode(line).map_err(|_| KeyListError::Line(index + 1))?;
            if let Ok(tail) = <[u8; TAIL]>::try_from(hash.as_slice()) {
                list.tails.insert(tail);
            } else if let (32, Some(head)) = (hash.len(), hash.first_chunk()) {
                list.heads.insert(*head);
            } else {
                return Err(KeyListError::Line(index + 1));
            }
        }
        Ok(list)
    }

    fn read_records(bytes: &[u8]) -> Result<Self, KeyListError> {
        let (records, []) = bytes.as_chunks::<{ HEAD + 1 }>() else {
            return Err(KeyListError::Records);
        };
        if !records.is_sorted() {
            return Err(KeyListError::Records);
        }
        let heads = records.iter().filter_map(|record| record.first_chunk());
        Ok(Self {
            tails: BTreeSet::new(),
            heads: heads.copied().collect(),
        })
    }

    /// [`KeyFault::Listed`] for a key in the list.
    #[must_use]
    pub fn find_fault(&self, key: &PublicKey) -> Option<KeyFault> {
        self.has(key).then_some(KeyFault::Listed)
    }

    /// Whether the key is in the list.
    #[must_use]
    pub fn has(&self, key: &PublicKey) -> bool {
        let Some(number) = hashed_number(key) else {
            return false;
        };
        self.has_hash(number) || key.rsa_integers().is_some() && self.has_modulus(number)
    }

    fn has_hash(&self, number: &[u8]) -> bool {
        let hash = sha256(number);
        hash.first_chunk().is_some_and(|head| self.heads.contains(head))
    }

    /// Compares in the format of `openssl rsa -noout -modulus`.
    fn has_modulus(&self, modulus: &[u8]) -> bool {
        let digits = Hex(modulus).to_string().to_uppercase();
        let line = format!("Modulus={}\n", digits.trim_start_matches('0'));
        let hash = sha1(line.as_bytes());
        hash.last_chunk().is_some_and(|tail| self.tails.contains(tail))
    }
}

/// What is hashed of a key: the modulus of an RSA key, or the x coordinate of an EC key, without leading zeros; the 32 bytes of an Ed25519 key.
pub(super) fn hashed_number(key: &PublicKey) -> Option<&[u8]> {
    let number = match (key.algorithm(), key.rsa_integers()) {
        (_, Some((modulus, _))) => modulus,
        (KeyAlgorithm::Ec(curve), None) => key.subject_public_key().get(1..=curve.field_bytes())?,
        (KeyAlgorithm::Ed25519, None) => return Some(key.subject_public_key()),
        _ => return None,
    };
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn run(script: &str) -> Vec<u8> {
        let output = Command::new("sh").args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{script}");
        output.stdout
    }

    /// Its DER, and its modulus as openssl prints it.
    fn generate(arguments: &str) -> (PublicKey, String) {
        let script = format!(
            "key=$(openssl genpkey {arguments}) && echo \"$key\" | openssl pkey -pubout -outform DER | od -An -v -tx1 | tr -d ' \\n' &&
             echo && (echo \"$key\" | openssl rsa -noout -modulus 2>/dev/null || true)"
        );
        let text = String::from_utf8(run(&script)).unwrap();
        let (der, modulus) = text.split_once('\n').unwrap();
        let key = PublicKey::from_der(&hex::decode(der).unwrap()).unwrap();
        (key, modulus.to_owned())
    }

    fn sha256_line(number: &[u8]) -> String {
        format!("{}\n", Hex(&sha256(number)))
    }

    #[test]
    fn an_rsa_key_is_found_in_each_form() {
        let (key, printed) = generate("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
        let (other, _) = generate("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
        let (modulus, _) = key.rsa_integers().unwrap();
        // With the programs that openssl-blacklist's manual names.
        let blacklist = run(&format!("printf '%s' '{printed}' | sha1sum | cut -c 21-40"));
        let blacklist = [&b"# Debian's\n\n"[..], &blacklist].concat();
        let text = sha256_line(modulus);
        let mut records = [[0xff; 16], [0; 16]];
        records[1][..15].copy_from_slice(&sha256(modulus)[..15]);
        records.sort_unstable();
        for form in [
            &blacklist[..],
            text.as_bytes(),
            text.to_uppercase().as_bytes(),
            records.as_flattened(),
        ] {
            let list = KeyList::read(form).unwrap();
            assert!(list.has(&key), "{list:?}");
            assert!(!list.has(&other), "{list:?}");
        }
        let exponent_3 = PublicKey::from_rsa(modulus, &[3]).unwrap();
        assert!(KeyList::read(text.as_bytes()).unwrap().has(&exponent_3));
    }

    #[test]
    fn other_keys_are_found_by_their_sha_256() {
        for arguments in [
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        ] {
            let (key, _) = generate(arguments);
            let x = &key.subject_public_key()[1..=key.subject_public_key().len() / 2];
            let zeros = x.iter().take_while(|byte| **byte == 0).count();
            let list = KeyList::read(sha256_line(&x[zeros..]).as_bytes()).unwrap();
            assert!(list.has(&key), "{arguments}");
        }
        let (key, _) = generate("-algorithm ED25519");
        let list = KeyList::read(sha256_line(key.subject_public_key()).as_bytes()).unwrap();
        assert!(list.has(&key));
    }

    #[test]
    fn a_list_that_is_damaged_is_refused() {
        let good = "0123456789abcdef0123";
        for (text, wanted) in [
            (String::new(), KeyListError::Empty),
            ("# nothing\n\n".to_owned(), KeyListError::Empty),
            (format!("{good}\n{}", &good[..19]), KeyListError::Line(2)),
            (format!("{good}\n\n{good}{good}\n"), KeyListError::Line(3)),
            (format!("{good},1\n"), KeyListError::Line(1)),
            ("<html>\n".to_owned(), KeyListError::Line(1)),
            ("\u{feff}0123456789abcdef0123".to_owned(), KeyListError::Records),
        ] {
            assert_eq!(KeyList::read(text.as_bytes()), Err(wanted), "{text:?}");
        }
        let records = [[1; 16], [0xfe; 16]];
        assert!(KeyList::read(records.as_flattened()).is_ok());
        assert_eq!(
            KeyList::read(&records.as_flattened()[..31]),
            Err(KeyListError::Records)
        );
        let unsorted = [records[1], records[0]];
        assert_eq!(KeyList::read(unsorted.as_flattened()), Err(KeyListError::Records));
        assert!(KeyList::read(format!("{good}\r\n").as_bytes()).is_ok());
    }
}
