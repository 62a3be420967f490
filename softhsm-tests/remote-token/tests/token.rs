//! Uses a token through the module like a program.

mod rig;

use std::fs;
use std::path::Path;
use std::process::Command;

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use rig::{PIN, Rig};

/// secp256r1.
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Only one test, because a process has one connection.
#[test]
fn a_token_in_another_process_is_used_like_one_in_this() {
    let rig = Rig::start();
    let module = rig.module();
    let library = module.get_library_info().expect("C_GetInfo");
    assert_eq!(library.manufacturer_id(), "SoftHSM");
    let slots = module.get_slots_with_initialized_token().expect("slots");
    let [slot] = slots[..] else {
        panic!("one token: {slots:?}")
    };
    let token = module.get_token_info(slot).expect("C_GetTokenInfo");
    assert_eq!(token.label(), "remote");
    let mechanisms = module.get_mechanism_list(slot).expect("C_GetMechanismList");
    assert!(mechanisms.contains(&MechanismType::AES_KEY_WRAP_PAD));
    let rsa = module.get_mechanism_info(slot, MechanismType::RSA_PKCS);
    assert!(rsa.expect("C_GetMechanismInfo").sign());

    let session = module.open_rw_session(slot).expect("a session");
    let wrong = session.login(UserType::User, Some(&AuthPin::new("0000".into())));
    assert!(matches!(
        wrong,
        Err(Error::Pkcs11(RvError::PinIncorrect, Function::Login))
    ));
    let pin = String::from_utf8(PIN.plain()).expect("ASCII");
    session
        .login(UserType::User, Some(&AuthPin::new(pin.into())))
        .expect("a login");

    random(&session);
    let (public, private) = rsa_key_pair(&session);
    signatures(&session, public, private);
    attributes(&session, public, private);
    finding(&session, public, private);
    aes(&session);
    unwrapping(&session, rig.directory.path(), public, private);

    session.logout().expect("C_Logout");
    session.close().expect("C_CloseSession");
    module.finalize().expect("C_Finalize");
}

fn random(session: &Session) {
    session.seed_random(b"some seed").expect("C_SeedRandom");
    let (one, other) = (session.generate_random_vec(40), session.generate_random_vec(40));
    assert_ne!(one.expect("C_GenerateRandom"), other.expect("C_GenerateRandom"));
}

fn rsa_key_pair(session: &Session) -> (ObjectHandle, ObjectHandle) {
    let public = [
        Attribute::Label(b"rsa".to_vec()),
        Attribute::ModulusBits(2048.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
        Attribute::Verify(true),
        Attribute::Encrypt(true),
        Attribute::Wrap(true),
    ];
    let private = [
        Attribute::Label(b"rsa".to_vec()),
        // An empty value is not an absent one.
        Attribute::Subject(Vec::new()),
        Attribute::Token(true),
        Attribute::Sensitive(true),
        Attribute::Sign(true),
        Attribute::Decrypt(true),
        Attribute::Unwrap(true),
    ];
    session
        .generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)
        .expect("C_GenerateKeyPair")
}

fn signatures(session: &Session, public: ObjectHandle, private: ObjectHandle) {
    let pss = PkcsPssParams {
        hash_alg: MechanismType::SHA256,
        mgf: PkcsMgfType::MGF1_SHA256,
        s_len: 32.into(),
    };
    for mechanism in [Mechanism::Sha256RsaPkcs, Mechanism::Sha256RsaPkcsPss(pss)] {
        let signature = session.sign(&mechanism, private, b"data").expect("C_Sign");
        assert_eq!(signature.len(), 256);
        session
            .verify(&mechanism, public, b"data", &signature)
            .expect("C_Verify");
        assert!(matches!(
            session.verify(&mechanism, public, b"Data", &signature),
            Err(Error::Pkcs11(RvError::SignatureInvalid, Function::Verify))
        ));
    }
}

fn attributes(session: &Session, public: ObjectHandle, private: ObjectHandle) {
    let asked = [
        AttributeType::Modulus,
        AttributeType::EcPoint,
        AttributeType::Label,
        AttributeType::Subject,
    ];
    let infos = session
        .get_attribute_info(private, &asked)
        .expect("C_GetAttributeValue");
    assert!(matches!(
        infos[..],
        [
            AttributeInfo::Available(256),
            AttributeInfo::TypeInvalid,
            AttributeInfo::Available(3),
            AttributeInfo::Available(0)
        ]
    ));
    let [
        Attribute::Modulus(modulus),
        Attribute::Label(label),
        Attribute::Subject(subject),
    ] = &session.get_attributes(private, &asked).expect("attributes")[..]
    else {
        panic!("those that it has")
    };
    assert_eq!(
        (modulus.len(), &label[..], &subject[..]),
        (256, &b"rsa"[..], &b""[..])
    );
    let secret = [AttributeType::PrivateExponent];
    let infos = session
        .get_attribute_info(private, &secret)
        .expect("C_GetAttributeValue");
    assert!(matches!(infos[..], [AttributeInfo::Sensitive]));

    session
        .update_attributes(private, &[Attribute::Label(b"renamed".to_vec())])
        .expect("C_SetAttributeValue");
    let read = session
        .get_attributes(private, &[AttributeType::Label])
        .expect("attributes");
    assert_eq!(read, [Attribute::Label(b"renamed".to_vec())]);

    let copy = session
        .copy_object(public, &[Attribute::Label(b"copy".to_vec())])
        .expect("C_CopyObject");
    session.destroy_object(copy).expect("C_DestroyObject");
    assert!(session.get_attributes(copy, &[AttributeType::Label]).is_err());
}

fn finding(session: &Session, public: ObjectHandle, private: ObjectHandle) {
    let all = session.find_objects(&[]).expect("C_FindObjects");
    assert!(all.contains(&public) && all.contains(&private));
    let label = Attribute::Label(b"renamed".to_vec());
    let found = session
        .find_objects(std::slice::from_ref(&label))
        .expect("C_FindObjects");
    assert_eq!(found, [private]);
    let none = [label, Attribute::Class(ObjectClass::PUBLIC_KEY)];
    assert!(session.find_objects(&none).expect("C_FindObjects").is_empty());
}

fn aes(session: &Session) {
    let template = [
        Attribute::ValueLen(32.into()),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(true),
        Attribute::Extractable(true),
    ];
    let key = session
        .generate_key(&Mechanism::AesKeyGen, &template)
        .expect("C_GenerateKey");
    let cbc = Mechanism::AesCbcPad([7; 16]);
    let encrypted = session.encrypt(&cbc, key, b"some data").expect("C_Encrypt");
    assert_eq!(encrypted.len(), 16);
    assert_eq!(
        session.decrypt(&cbc, key, &encrypted).expect("C_Decrypt"),
        b"some data"
    );
    let wrapped = session
        .wrap_key(&Mechanism::AesKeyWrapPad, key, key)
        .expect("C_WrapKey");
    assert_eq!(wrapped.len(), 40);
}

/// Like an import: an AES key under RSA-OAEP, and an OpenSSL private key under the AES key.
fn unwrapping(session: &Session, directory: &Path, public: ObjectHandle, private: ObjectHandle) {
    let oaep = Mechanism::RsaPkcsOaep(PkcsOaepParams::new(
        MechanismType::SHA1,
        PkcsMgfType::MGF1_SHA1,
        PkcsOaepSource::empty(),
    ));
    let transport = session.generate_random_vec(32).expect("C_GenerateRandom");
    let wrapped = session.encrypt(&oaep, public, &transport).expect("C_Encrypt");
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Unwrap(true),
    ];
    let aes = session
        .unwrap_key(&oaep, private, &wrapped, &template)
        .expect("C_UnwrapKey");

    let hex: String = transport.iter().map(|byte| format!("{byte:02x}")).collect();
    let script = "set -e; cd \"$1\"
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 |
            openssl pkcs8 -topk8 -nocrypt -outform DER -out key.der
        openssl pkey -inform DER -in key.der -pubout -outform DER -out public.der
        openssl enc -id-aes256-wrap-pad -K \"$2\" -iv A65959A6 -in key.der -out wrapped";
    let made = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(directory)
        .arg(hex)
        .output()
        .expect("sh");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let wrapped = fs::read(directory.join("wrapped")).expect("a file");
    let template = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::Sensitive(true),
        Attribute::Sign(true),
    ];
    let private = session
        .unwrap_key(&Mechanism::AesKeyWrapPad, aes, &wrapped, &template)
        .expect("C_UnwrapKey");
    let mut damaged = wrapped;
    damaged[20] ^= 1;
    session
        .unwrap_key(&Mechanism::AesKeyWrapPad, aes, &damaged, &template)
        .expect_err("a damaged key");

    // The point is the end of the SubjectPublicKeyInfo; CKA_EC_POINT is an OCTET STRING of it.
    let public = fs::read(directory.join("public.der")).expect("a file");
    let point = [&[0x04, 65][..], &public[public.len() - 65..]].concat();
    let template = [
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::EcParams(P256.to_vec()),
        Attribute::EcPoint(point),
        Attribute::Verify(true),
    ];
    let public = session.create_object(&template).expect("C_CreateObject");
    let hash = [0x42; 32];
    let signature = session.sign(&Mechanism::Ecdsa, private, &hash).expect("C_Sign");
    session
        .verify(&Mechanism::Ecdsa, public, &hash, &signature)
        .expect("OpenSSL's key");
}
