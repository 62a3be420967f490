use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::*;
use crate::signer::{PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::values::Digest;

/// A key for the tests.
struct TestKey(Ed25519KeyPair, PublicKey);

impl TestKey {
    fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public_key = PublicKey::from_ed25519(pair.public_key().as_ref()).unwrap();
        Self(pair, public_key)
    }
}

impl Signer for TestKey {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, _: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

const ORIGIN: &str = "pki.example/ledger/1";

fn leaves(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|number| number.to_string().into_bytes()).collect()
}

fn checkpoint(size: usize, leaves: &[Vec<u8>]) -> Checkpoint {
    let size_of_tree = u64::try_from(size).unwrap();
    Checkpoint::new(ORIGIN, size_of_tree, tree_head(&leaves[..size])).unwrap()
}

fn hashes(mut builder: PathBuilder, leaves: &[Vec<u8>]) -> Vec<Digest> {
    leaves.iter().for_each(|leaf| builder.push(leaf_hash(leaf)));
    builder.finish().unwrap()
}

/// The RFC 6962 test vectors shared by certificate-transparency-go and related projects: eight leaves, and the head of each size.
#[test]
fn tree_heads_are_those_of_the_published_vectors() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let heads = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (size, head) in heads.into_iter().enumerate() {
        assert_eq!(tree_head(&leaves[..size]).to_string(), head, "{size}");
    }
}

/// Every leaf of every tree of up to 40 leaves, and every pair of their sizes.
#[test]
fn every_proof_of_small_trees_is_sound_and_fits_nothing_else() {
    let all = leaves(40);
    let heads: Vec<_> = (0..=40).map(|size| tree_head(&all[..size])).collect();
    for size in 1..=40_usize {
        let count = u64::try_from(size).unwrap();
        for index in 0..count {
            let leaf = leaf_hash(&all[usize::try_from(index).unwrap()]);
            let proof = hashes(PathBuilder::inclusion(index, count).unwrap(), &all);
            assert_eq!(root_of_inclusion(leaf, index, count, &proof), Some(heads[size]));
            for other in (0..count).filter(|other| *other != index) {
                assert_ne!(
                    root_of_inclusion(leaf, other, count, &proof),
                    Some(heads[size]),
                    "{index} as {other} of {size}"
                );
            }
            let longer = [&proof[..], &[leaf]].concat();
            assert_eq!(root_of_inclusion(leaf, index, count, &longer), None);
            if let Some((_, shorter)) = proof.split_last() {
                assert_eq!(root_of_inclusion(leaf, index, count, shorter), None);
            }
        }
        assert!(PathBuilder::inclusion(count, count).is_none());
        assert_eq!(root_of_inclusion(heads[1], count, count, &[]), None);
        for old in 1..=count {
            let old_head = heads[usize::try_from(old).unwrap()];
            let proof = hashes(PathBuilder::consistency(old, count).unwrap(), &all);
            let holds = |proof: &[Digest]| check_consistency((old, old_head), (count, heads[size]), proof);
            assert!(holds(&proof), "{old} {size}");
            assert!(!check_consistency(
                (old, Digest([0; 32])),
                (count, heads[size]),
                &proof
            ));
            assert!(!check_consistency(
                (old, old_head),
                (count, Digest([0; 32])),
                &proof
            ));
            assert!(!holds(&[&proof[..], &[old_head]].concat()));
            for cut in 0..proof.len() {
                assert!(!holds(&proof[..cut]));
                let mut changed = proof.clone();
                changed[cut] = heads[0];
                assert!(!holds(&changed), "{old} {size} {cut}");
            }
        }
        assert!(
            PathBuilder::consistency(0, count).is_none()
                && PathBuilder::consistency(count + 1, count).is_none()
        );
        assert!(!check_consistency((0, heads[0]), (count, heads[size]), &[]));
    }
}

/// `PROOF` and `PATH` for a tree of seven leaves, from RFC 6962 section 2.1.3.
#[test]
fn the_proofs_of_the_rfcs_example() {
    let all = leaves(7);
    let node = |range: std::ops::Range<usize>| tree_head(&all[range]);
    let inclusion = |index| hashes(PathBuilder::inclusion(index, 7).unwrap(), &all);
    let consistency = |old| hashes(PathBuilder::consistency(old, 7).unwrap(), &all);
    let (a, b, c, d, j, g, h, i, k, l) = (
        node(0..1),
        node(1..2),
        node(2..3),
        node(3..4),
        node(6..7),
        node(0..2),
        node(2..4),
        node(4..6),
        node(0..4),
        node(4..7),
    );
    assert_eq!(inclusion(0), [b, h, l]);
    assert_eq!(inclusion(3), [c, g, l]);
    assert_eq!(inclusion(4), [node(5..6), j, k]);
    assert_eq!(inclusion(6), [i, k]);
    assert_eq!(consistency(3), [c, d, g, l]);
    assert_eq!(consistency(4), [l]);
    assert_eq!(consistency(6), [i, j, k]);
    assert_ne!(a, b);
}

#[test]
fn a_proof_needs_all_its_leaves() {
    let all = leaves(7);
    let mut builder = PathBuilder::inclusion(2, 8).unwrap();
    all.iter().for_each(|leaf| builder.push(leaf_hash(leaf)));
    assert_eq!(builder.finish(), None);
}

/// The example of the Go package `sumdb/note`, which defined this format.
#[test]
fn the_note_and_the_key_of_gos_documentation() {
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        .parse()
        .unwrap();
    let line = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let signature = NoteSignature::read(line).unwrap();
    assert!(key.has_made(&signature));
    key.verify(&signature, text).unwrap();
    assert!(
        key.verify(&signature, &text.replace("answer", "problem"))
            .is_err()
    );
    assert_eq!(signature.to_string(), line);
}

#[test]
fn a_verifier_key_has_one_spelling() {
    let key = VerifierKey::new(ORIGIN, TestKey::new(1).public_key()).unwrap();
    let text = key.to_string();
    assert_eq!(text.parse::<VerifierKey>().unwrap(), key);
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(changed.parse::<VerifierKey>().is_err(), "{changed}");
    }
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
        assert!(
            VerifierKey::new(name, TestKey::new(1).public_key()).is_err(),
            "{name:?}"
        );
    }
}

/// Replaces each octet with several others: a digit, a letter, a newline, and octets that differ in one bit.
fn every_change(bytes: &[u8], mut refused: impl FnMut(&[u8]) -> bool) {
    for at in 0..bytes.len() {
        for other in [
            bytes[at] ^ 1,
            bytes[at] ^ 0x20,
            bytes[at] ^ 0x80,
            b'0',
            b'A',
            b'\n',
            b' ',
            b'=',
        ] {
            let mut changed = bytes.to_vec();
            changed[at] = other;
            if changed != bytes {
                let shown = String::from_utf8_lossy(&changed).into_owned();
                assert!(refused(&changed), "octet {at} as {other:#x}: {shown}");
            }
        }
        let cut = [&bytes[..at], &bytes[at + 1..]].concat();
        assert!(refused(&cut), "without octet {at}");
        let doubled = [&bytes[..at], &bytes[at..=at], &bytes[at..]].concat();
        assert!(refused(&doubled), "octet {at} twice");
        assert!(refused(&bytes[..at]), "cut at {at}");
    }
    assert!(refused(&[bytes, b"\n"].concat()) && refused(&[bytes, b"\0"].concat()));
}

#[test]
fn every_changed_octet_of_a_signed_checkpoint_is_found() {
    let (all, key) = (leaves(9), TestKey::new(7));
    let signed = checkpoint(9, &all).sign(&key).unwrap();
    let verifier = VerifierKey::new(ORIGIN, key.public_key()).unwrap();
    let bytes = signed.to_string().into_bytes();
    let passes = |bytes: &[u8]| SignedCheckpoint::read(bytes).and_then(|read| read.verify(&verifier));
    passes(&bytes).unwrap();
    every_change(&bytes, |changed| passes(changed).is_err());
    // In a text without signatures, a change that is accepted must give another checkpoint.
    let bytes = signed.checkpoint().to_string().into_bytes();
    every_change(&bytes, |changed| {
        SignedCheckpoint::read(changed).map_or(true, |read| read.checkpoint() != signed.checkpoint())
    });
}

#[test]
fn every_changed_octet_of_a_proof_is_found() {
    let (all, key) = (leaves(13), TestKey::new(7));
    let verifier = VerifierKey::new(ORIGIN, key.public_key()).unwrap();
    let signed = checkpoint(13, &all).sign(&key).unwrap();
    let inclusion = hashes(PathBuilder::inclusion(5, 13).unwrap(), &all);
    let inclusion = InclusionProof::new(all[5].clone(), 5, inclusion, signed.clone()).unwrap();
    let bytes = inclusion.to_string().into_bytes();
    let passes =
        |bytes: &[u8]| InclusionProof::read(bytes).and_then(|read| read.checkpoint().verify(&verifier));
    passes(&bytes).unwrap();
    assert!(InclusionProof::is_in(&bytes) && !ConsistencyProof::is_in(&bytes));
    every_change(&bytes, |changed| passes(changed).is_err());

    let old = checkpoint(6, &all);
    let consistency = hashes(PathBuilder::consistency(6, 13).unwrap(), &all);
    let consistency = ConsistencyProof::new(&old, consistency, signed).unwrap();
    let bytes = consistency.to_string().into_bytes();
    let passes = |bytes: &[u8]| {
        ConsistencyProof::read(bytes, &old).and_then(|read| read.checkpoint().verify(&verifier))
    };
    passes(&bytes).unwrap();
    assert!(ConsistencyProof::is_in(&bytes) && !InclusionProof::is_in(&bytes));
    every_change(&bytes, |changed| passes(changed).is_err());
    assert!(ConsistencyProof::read(&bytes, &checkpoint(7, &all)).is_err());
}

#[test]
fn a_tree_of_one_leaf_has_an_empty_proof() {
    let all = leaves(1);
    let proof = InclusionProof::new(all[0].clone(), 0, Vec::new(), checkpoint(1, &all).unsigned()).unwrap();
    assert_eq!(InclusionProof::read(proof.to_string().as_bytes()).unwrap(), proof);
    let proof =
        ConsistencyProof::new(&checkpoint(1, &all), Vec::new(), checkpoint(1, &all).unsigned()).unwrap();
    assert_eq!(
        ConsistencyProof::read(proof.to_string().as_bytes(), &checkpoint(1, &all)).unwrap(),
        proof
    );
}

/// As in C2SP signed-note: signatures of other keys are ignored, but one that names this key must verify.
#[test]
fn of_several_signatures_only_those_of_the_key_count() {
    let (all, key, other) = (leaves(3), TestKey::new(1), TestKey::new(2));
    let text = checkpoint(3, &all);
    let [own, foreign] = [&key, &other].map(|key| text.sign(key).unwrap().to_string());
    let line = |note: &str| note.split_once("\n\n").unwrap().1.to_owned();
    let verifier = VerifierKey::new(ORIGIN, key.public_key()).unwrap();
    let verify = |note: &str| SignedCheckpoint::read(note.as_bytes()).unwrap().verify(&verifier);
    verify(&format!("{foreign}{}", line(&own))).unwrap();
    verify(&format!("{own}{}", line(&foreign))).unwrap();
    assert!(matches!(
        verify(&foreign),
        Err(TransparencyError::Unsigned { .. })
    ));
    assert!(matches!(
        verify(&text.to_string()),
        Err(TransparencyError::Unsigned { .. })
    ));
    let wrong = checkpoint(2, &all).sign(&key).unwrap().to_string();
    let both = format!("{own}{}", line(&wrong));
    assert!(matches!(
        verify(&both),
        Err(TransparencyError::BadSignature { .. })
    ));
    let elsewhere = VerifierKey::new("pki.example/ledger/2", key.public_key()).unwrap();
    let read = SignedCheckpoint::read(own.as_bytes()).unwrap();
    assert!(matches!(
        read.verify(&elsewhere),
        Err(TransparencyError::OtherKey { .. })
    ));
}

#[test]
fn a_text_that_is_not_a_checkpoint_is_refused() {
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let read = |text: &str| SignedCheckpoint::read(text.as_bytes());
    read(&format!("a\n7\n{root}\n")).unwrap();
    for wrong in [
        format!("a\n07\n{root}\n"),
        format!("a\n+7\n{root}\n"),
        format!("a\n18446744073709551616\n{root}\n"),
        format!("a b\n7\n{root}\n"),
        format!("\n7\n{root}\n"),
        format!("a\n7\n{root}"),
        format!("a\r\n7\r\n{root}\r\n"),
        format!("a\n7\n{root}\nan extension\n"),
        format!("a\n7\n{root}\n\n"),
        format!("a\n7\n{root}\n\n\u{2014} a AAAA\n"),
        format!("a\n7\n{root}\n\n- a AAAAAAA=\n"),
        format!("a\n7\n{}\n", &root[4..]),
        format!("a\n7\n{}\n", root.replace("FU=", "FV=")),
        String::new(),
    ] {
        assert!(read(&wrong).is_err(), "{wrong:?}");
    }
    assert!(SignedCheckpoint::read(b"a\n7\n\xff\n").is_err());
    assert!(SignedCheckpoint::read(&vec![b'a'; 2 << 20]).is_err());
}
