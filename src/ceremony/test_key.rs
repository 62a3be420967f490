//! Software SSH keys for the tests of this module, including emulated security keys. Tests can make signatures with any fault.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64ct::{Base64, Encoding};

use super::ssh_wire::put_string;
use super::sshsig::encode_armour;
use super::{SshKey, SshKeyKind};
use crate::signer::{Curve, Hash, sha256};

pub(super) const APPLICATION: &str = "ssh:";

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
}

pub(super) struct TestKey {
    pub(super) kind: SshKeyKind,
    pair: Pair,
}

/// The fields of an SSHSIG. A test can change each of them.
#[derive(Clone)]
pub(super) struct Fields {
    pub(super) version: u32,
    pub(super) key: Vec<u8>,
    pub(super) namespace: Vec<u8>,
    pub(super) reserved: Vec<u8>,
    pub(super) hash: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Fields {
    pub(super) fn armour(&self) -> String {
        let mut blob = b"SSHSIG".to_vec();
        blob.extend(self.version.to_be_bytes());
        for part in [
            &self.key,
            &self.namespace,
            &self.reserved,
            &self.hash,
            &self.signature,
        ] {
            put_string(&mut blob, part);
        }
        encode_armour(&blob)
    }
}

impl TestKey {
    pub(super) fn new(kind: SshKeyKind) -> Self {
        let ecdsa = |algorithm| Pair::Ecdsa(EcdsaKeyPair::generate(algorithm).unwrap());
        let pair = match kind {
            SshKeyKind::Ed25519 | SshKeyKind::SkEd25519 => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
            SshKeyKind::Ecdsa(Curve::P384) => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            SshKeyKind::Ecdsa(Curve::P521) => ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING),
            SshKeyKind::Ecdsa(_) | SshKeyKind::SkEcdsaP256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            SshKeyKind::Rsa => panic!("RSA keys come from ssh-keygen"),
        };
        Self { kind, pair }
    }

    pub(super) fn blob(&self) -> Vec<u8> {
        self.blob_as(self.kind, APPLICATION)
    }

    /// The same numbers under another key type.
    pub(super) fn blob_as(&self, kind: SshKeyKind, application: &str) -> Vec<u8> {
        let mut blob = Vec::new();
        put_string(&mut blob, kind.name().as_bytes());
        match &self.pair {
            Pair::Ed25519(pair) => put_string(&mut blob, pair.public_key().as_ref()),
            Pair::Ecdsa(pair) => {
                let curve = match kind {
                    SshKeyKind::Ecdsa(Curve::P384) => "nistp384",
                    SshKeyKind::Ecdsa(Curve::P521) => "nistp521",
                    _ => "nistp256",
                };
                put_string(&mut blob, curve.as_bytes());
                put_string(&mut blob, pair.public_key().as_ref());
            }
        }
        if kind.is_security_key() {
            put_string(&mut blob, application.as_bytes());
        }
        blob
    }

    pub(super) fn key(&self) -> SshKey {
        SshKey::from_blob(&self.blob()).unwrap()
    }

    pub(super) fn line(&self) -> String {
        format!("{} {}", self.kind.name(), Base64::encode_string(&self.blob()))
    }

    /// An armoured signature. For a security key, its flags say that it was touched and its PIN entered.
    pub(super) fn sign(&self, namespace: &str, message: &[u8]) -> String {
        self.fields(namespace, message, 0x05).armour()
    }

    pub(super) fn fields(&self, namespace: &str, message: &[u8], flags: u8) -> Fields {
        self.fields_with("sha512", Hash::Sha512, namespace, message, flags)
    }

    pub(super) fn fields_with(
        &self,
        name: &str,
        hash: Hash,
        namespace: &str,
        message: &[u8],
        flags: u8,
    ) -> Fields {
        let mut signed = b"SSHSIG".to_vec();
        for part in [namespace.as_bytes(), b"", name.as_bytes(), &hash.digest(message)] {
            put_string(&mut signed, part);
        }
        Fields {
            version: 1,
            key: self.blob(),
            namespace: namespace.as_bytes().to_vec(),
            reserved: Vec::new(),
            hash: name.as_bytes().to_vec(),
            signature: self.signature(&signed, flags),
        }
    }

    fn signature(&self, signed: &[u8], flags: u8) -> Vec<u8> {
        let device: &[u8] = &[&[flags][..], &7_u32.to_be_bytes()].concat();
        let is_security_key = self.kind.is_security_key();
        let message = match is_security_key {
            true => [&sha256(APPLICATION.as_bytes())[..], device, &sha256(signed)].concat(),
            false => signed.to_vec(),
        };
        let mut signature = Vec::new();
        put_string(&mut signature, self.kind.name().as_bytes());
        put_string(&mut signature, &self.raw(&message));
        if is_security_key {
            signature.extend(device);
        }
        signature
    }

    fn raw(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Ecdsa(pair) => {
                let fixed = pair.sign(&SystemRandom::new(), message).unwrap();
                let (r, s) = fixed.as_ref().split_at(fixed.as_ref().len() / 2);
                two_mpints(r, s)
            }
        }
    }
}

pub(super) fn two_mpints(r: &[u8], s: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    for number in [r, s] {
        let zeros = number.iter().take_while(|octet| **octet == 0).count();
        let mut mpint = number[zeros..].to_vec();
        if mpint.first().is_some_and(|first| *first >= 0x80) {
            mpint.insert(0, 0);
        }
        put_string(&mut octets, &mpint);
    }
    octets
}
