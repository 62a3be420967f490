use super::tables::*;
use super::*;

/// A template of `CK_BBOOL` attributes.
fn template(values: &[(CK_ATTRIBUTE_TYPE, bool)]) -> Template {
    let mut template = Template::default();
    for (kind, value) in values {
        template.set(*kind, *value);
    }
    template
}

/// The same with the class and the key type of an EC private key.
fn ec_private(values: &[(CK_ATTRIBUTE_TYPE, bool)]) -> Template {
    static CLASS: CK_OBJECT_CLASS = CKO_PRIVATE_KEY;
    static KEY_TYPE: CK_KEY_TYPE = CKK_EC;
    let mut template = template(values);
    template.put(CKA_CLASS, &CLASS);
    template.put(CKA_KEY_TYPE, &KEY_TYPE);
    template
}

fn unwrapped(values: &[(CK_ATTRIBUTE_TYPE, bool)]) -> Answer<Template> {
    UNWRAP_KEY.complete(Kind::EcPrivate, &ec_private(values))
}

#[test]
fn every_row_has_a_cell_for_every_kind_and_every_attribute_one_row() {
    for table in [
        GENERATE_KEY_PAIR,
        GENERATE_KEY,
        CREATE_OBJECT,
        UNWRAP_KEY,
        GET_ATTRIBUTE_VALUE,
    ] {
        for row in table.rows {
            assert_eq!(row.1.len(), table.kinds.len(), "{}", attribute::name(row.0));
            assert!(row.1.chars().all(|cell| "+12xRS".contains(cell)));
            assert_eq!(table.rows.iter().filter(|other| other.0 == row.0).count(), 1);
        }
    }
}

#[test]
fn the_smallest_template_is_accepted_and_completed() {
    let complete = unwrapped(&[(CKA_TOKEN, true), (CKA_SIGN, true)]).unwrap();
    for (kind, value) in [
        (CKA_TOKEN, true),
        (CKA_SIGN, true),
        (CKA_PRIVATE, true),
        (CKA_SENSITIVE, true),
        (CKA_EXTRACTABLE, true),
        (CKA_DECRYPT, false),
        (CKA_UNWRAP, false),
        (CKA_SIGN_RECOVER, false),
        (CKA_DERIVE, false),
    ] {
        assert_eq!(complete.boolean(kind), Some(value), "{}", attribute::name(kind));
    }
    let silent = unwrapped(&[]).unwrap();
    assert_eq!(
        (silent.boolean(CKA_TOKEN), silent.boolean(CKA_SIGN)),
        (Some(false), Some(false))
    );
    assert!(!silent.has(CKA_MODIFIABLE) && !silent.has(CKA_LOCAL));
}

#[test]
fn an_attribute_that_is_not_in_the_table_is_refused() {
    for kind in [
        CKA_DECRYPT,
        CKA_UNWRAP,
        CKA_VERIFY,
        CKA_SIGN_RECOVER,
        CKA_COPYABLE,
        CKA_ALWAYS_AUTHENTICATE,
        CKA_WRAP_WITH_TRUSTED,
        CKA_TRUSTED,
        CKA_SUBJECT,
        CKA_VALUE_LEN,
    ] {
        assert_eq!(unwrapped(&[(kind, false)]).err(), Some(CKR_TEMPLATE_INCONSISTENT));
    }
    assert_eq!(
        unwrapped(&[(CKA_LOCAL, false)]).err(),
        Some(CKR_ATTRIBUTE_READ_ONLY)
    );
    assert_eq!(
        unwrapped(&[(CKA_PRIVATE, false)]).err(),
        Some(CKR_ATTRIBUTE_VALUE_INVALID)
    );
    assert!(unwrapped(&[(CKA_PRIVATE, true)]).is_ok());
}

#[test]
fn mandatory_attributes_must_be_present() {
    let nothing = Template::default();
    let missing = |table: &Table, kind| table.complete(kind, &nothing).err();
    assert_eq!(missing(&UNWRAP_KEY, Kind::Aes), Some(CKR_TEMPLATE_INCOMPLETE));
    assert_eq!(
        missing(&GENERATE_KEY_PAIR, Kind::RsaPublic),
        Some(CKR_TEMPLATE_INCOMPLETE)
    );
    assert_eq!(
        missing(&GENERATE_KEY_PAIR, Kind::EcPublic),
        Some(CKR_TEMPLATE_INCOMPLETE)
    );
    assert_eq!(missing(&GENERATE_KEY_PAIR, Kind::EcPrivate), None);
    assert_eq!(missing(&GENERATE_KEY, Kind::Aes), Some(CKR_TEMPLATE_INCOMPLETE));
    assert_eq!(missing(&GENERATE_KEY, Kind::Des3), None);
    assert_eq!(Kind::stated(&nothing), Err(CKR_TEMPLATE_INCOMPLETE));
}

#[test]
fn generated_secret_keys_sign_by_default_and_others_do_not() {
    let key = GENERATE_KEY.complete(Kind::Des3, &Template::default()).unwrap();
    assert_eq!(
        (key.boolean(CKA_SIGN), key.boolean(CKA_WRAP)),
        (Some(true), Some(false))
    );
    let key = GENERATE_KEY_PAIR
        .complete(Kind::RsaPrivate, &Template::default())
        .unwrap();
    assert_eq!(key.boolean(CKA_SIGN), Some(false));
}

#[test]
fn the_point_of_a_private_key_cannot_be_read() {
    let cell = |kind, attribute| GET_ATTRIBUTE_VALUE.readable(kind, attribute);
    assert_eq!(cell(Kind::EcPrivate, CKA_EC_POINT), 'x');
    assert_eq!(cell(Kind::EcPublic, CKA_EC_POINT), '+');
    assert_eq!(cell(Kind::RsaPrivate, CKA_MODULUS), '+');
    assert_eq!(cell(Kind::RsaPrivate, CKA_PRIVATE_EXPONENT), 'S');
    for unknown in [CKA_PUBLIC_KEY_INFO, CKA_ALWAYS_AUTHENTICATE, CKA_SUBJECT] {
        assert_eq!(cell(Kind::RsaPrivate, unknown), 'x');
    }
}
