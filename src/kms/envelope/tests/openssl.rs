//! What openssl makes with the options of KMS, and with others.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::changes::assert_no_change_goes_unseen;
use super::*;

/// openssl with an RSA key of its own. Panics without openssl.
struct OpenSsl {
    folder: TempDir,
}

impl OpenSsl {
    fn new(bits: usize) -> Self {
        let openssl = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        openssl.run(&format!(
            "req -x509 -newkey rsa:{bits} -nodes -keyout key.pem -out cert.pem -subj /CN=recipient -days 1"
        ));
        openssl
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// What it prints; no argument has a space in it.
    #[track_caller]
    fn run(&self, arguments: &str) -> String {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("these tests need openssl");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// `openssl cms -encrypt` of `plaintext` for this key, with more `options`.
    fn encrypt(&self, plaintext: &[u8], options: &str) -> Vec<u8> {
        self.write("plaintext", plaintext);
        self.run(&format!(
            "cms -encrypt -binary -in plaintext -outform DER -out envelope {options}"
        ));
        self.read("envelope")
    }

    /// What openssl decrypts from the two ciphertexts, without the envelope.
    fn decrypt(&self, envelope: &RecipientEnvelope) -> Vec<u8> {
        self.write("encrypted_key", envelope.encrypted_key());
        self.run(
            "pkeyutl -decrypt -inkey key.pem -in encrypted_key -out content_key \
             -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256",
        );
        let key = self.read("content_key");
        assert_eq!(key.len(), 32);
        self.write("encrypted_content", envelope.encrypted_content());
        self.run(&format!(
            "enc -d -aes-256-cbc -K {} -iv {} -in encrypted_content -out decrypted",
            Hex(&key),
            Hex(envelope.initialization_vector())
        ));
        self.read("decrypted")
    }

    /// `subjectKeyIdentifier` of the certificate, which openssl uses as the recipient's.
    fn key_identifier(&self) -> String {
        let text = self.run("x509 -in cert.pem -noout -ext subjectKeyIdentifier");
        text.lines()
            .nth(1)
            .unwrap()
            .trim()
            .replace(':', "")
            .to_lowercase()
    }

    /// How many pieces the content has, counted by openssl and not by the reader that is tested.
    fn pieces(&self) -> usize {
        let text = self.run("asn1parse -inform DER -in envelope");
        let content = text.lines().skip_while(|line| !line.contains(":pkcs7-data"));
        content
            .filter(|line| line.contains("OCTET STRING") && line.contains("d=5"))
            // One of them is the initialization vector.
            .count()
            .saturating_sub(1)
    }
}

const STREAM: &str = "-stream -indef";
const AES: &str = "-aes-256-cbc";
const BY_CERTIFICATE: &str = "-recip cert.pem";
const TO_KEY: &str = "-keyid -recip cert.pem";
const PADDING: &str = "-keyopt rsa_padding_mode:oaep";
const OAEP: &str = "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256";
const MASK: &str = "-keyopt rsa_mgf1_md:sha256";

#[test]
fn an_envelope_of_openssl_is_read_and_decrypts_again() {
    let mut most = 0;
    // 48, 63 and 64 are close to the shortest content; 2400 is PKCS#8 of RSA 4096; 4096 is the most that KMS may answer.
    for (bits, lengths) in [(2048, &[48, 63, 64, 138, 1023, 2400, 4096][..]), (3072, &[1200])] {
        let openssl = OpenSsl::new(bits);
        for &length in lengths {
            let plaintext = pattern(0x77, length);
            for (stream, mask) in [(STREAM, ""), (STREAM, MASK), ("", ""), ("", MASK)] {
                let options = format!("{stream} {AES} {TO_KEY} {OAEP} {mask}");
                let streamed = stream == STREAM;
                let input = openssl.encrypt(&plaintext, &options);
                // Its first length octet says which of the two encodings openssl used.
                assert_eq!(input[1] == 0x80, streamed);
                let envelope = RecipientEnvelope::parse(&input).unwrap();
                assert_eq!(envelope.encrypted_key().len(), bits / 8);
                assert_eq!(envelope.encrypted_content().len(), (length / BLOCK + 1) * BLOCK);
                assert_eq!(
                    Hex(envelope.recipient().unwrap()).to_string(),
                    openssl.key_identifier()
                );
                assert!(openssl.decrypt(&envelope) == plaintext, "{length} {options}");
                if streamed {
                    most = most.max(openssl.pieces());
                }
            }
        }
    }
    assert!(
        most >= 2,
        "openssl never put the content in several pieces: {most}"
    );
}

#[test]
fn every_change_to_an_envelope_of_openssl_is_noticed() {
    let openssl = OpenSsl::new(2048);
    let plaintext = pattern(0x77, 138);
    for stream in [STREAM, ""] {
        let input = openssl.encrypt(&plaintext, &format!("{stream} {AES} {TO_KEY} {OAEP}"));
        assert_no_change_goes_unseen(&input);
    }
}

#[test]
fn an_envelope_of_openssl_with_other_options_is_refused() {
    let openssl = OpenSsl::new(2048);
    let plaintext = pattern(0x77, 138);
    let refused = |options: &str| {
        let input = openssl.encrypt(&plaintext, options);
        RecipientEnvelope::parse(&input).unwrap_err()
    };
    for stream in [STREAM, ""] {
        // By issuer and serial number, openssl's default: RFC 5652 section 6.2.1 allows both.
        let input = openssl.encrypt(&plaintext, &format!("{stream} {AES} {BY_CERTIFICATE} {OAEP}"));
        let envelope = RecipientEnvelope::parse(&input).unwrap();
        assert_eq!(envelope.recipient(), None);
        assert!(openssl.decrypt(&envelope) == plaintext);
        let pkcs1 = refused(&format!("{stream} {AES} {TO_KEY}"));
        assert!(matches!(pkcs1, EnvelopeError::KeyEncryption { .. }), "{pkcs1}");
        // SHA-1 is the default of RSAES-OAEP, and left out.
        let sha1 = refused(&format!("{stream} {AES} {TO_KEY} {PADDING}"));
        assert!(
            matches!(sha1, EnvelopeError::OaepHash { found: None, .. }),
            "{sha1}"
        );
        let sha384 = refused(&format!(
            "{stream} {AES} {TO_KEY} {PADDING} -keyopt rsa_oaep_md:sha384"
        ));
        assert!(
            matches!(sha384, EnvelopeError::OaepHash { found: Some(_), .. }),
            "{sha384}"
        );
        let mask = refused(&format!(
            "{stream} {AES} {TO_KEY} {OAEP} -keyopt rsa_mgf1_md:sha1"
        ));
        assert!(matches!(mask, EnvelopeError::OaepMaskHash { .. }), "{mask}");
        let label = refused(&format!(
            "{stream} {AES} {TO_KEY} {OAEP} -keyopt rsa_oaep_label:6162"
        ));
        assert_eq!(label, EnvelopeError::OaepLabel { length: 2 });
        let aes128 = refused(&format!("{stream} -aes-128-cbc {TO_KEY} {OAEP}"));
        assert!(
            matches!(aes128, EnvelopeError::ContentEncryption { .. }),
            "{aes128}"
        );
        let two = refused(&format!("{stream} {AES} {TO_KEY} {OAEP} {BY_CERTIFICATE} {OAEP}"));
        assert_eq!(two, EnvelopeError::Recipients { found: 2 });
        let password = refused(&format!("{stream} {AES} -pwri_password of-a-test"));
        assert_eq!(
            password,
            EnvelopeError::RecipientKind {
                found: "[3]".to_owned()
            }
        );
    }
    let short = openssl.encrypt(&plaintext[..47], &format!("{AES} {TO_KEY} {OAEP}"));
    assert_eq!(
        RecipientEnvelope::parse(&short),
        Err(EnvelopeError::ContentLength {
            found: 48,
            shortest: 64
        })
    );
    // Authenticated encryption is another content type (RFC 5083).
    let authenticated = refused(&format!("-aes-256-gcm {TO_KEY} {OAEP}"));
    assert!(
        matches!(authenticated, EnvelopeError::ContentType { .. }),
        "{authenticated}"
    );
}
