//! What a cross-certificate corrects.

use super::*;

/// RFC 5280 sections 4.2.1.9 to 4.2.1.14 and 4.2.1.2: the criticality of these extensions is corrected in both directions, and each change is
/// reported.
#[test]
fn wrong_criticality_is_corrected_and_reported() {
    let mut made = sketch();
    let constraints = b"\x30\x0f\xa0\x0d\x30\x0b\x82\x09localhost";
    let extensions = made.extensions.as_mut().unwrap();
    extensions.push(fixture::extension(ID_CE_NAME_CONSTRAINTS, false, constraints));
    for extension in extensions.iter_mut() {
        extension.critical = extension.extn_id == ID_CE_SUBJECT_KEY_IDENTIFIER;
    }
    let scene = Scene::of(&made);
    let checked = scene.plan().check(Issuer::Authority(&scene.ca), NOW).unwrap();
    let cross = checked.sign(&scene.ca_key).unwrap().certificate().clone();
    let repairs = scene.original.repairs();
    let changed: Vec<_> = repairs
        .iter()
        .filter_map(|repair| repair.split(' ').next())
        .collect();
    let must = [
        "basicConstraints",
        "keyUsage",
        "policyConstraints",
        "nameConstraints",
    ];
    for name in must {
        let told = cross.describe_extensions();
        let found = told.iter().find(|extension| extension.name == name).unwrap();
        assert!(found.critical && changed.contains(&name), "{name}: {repairs:?}");
    }
    let identifier = &cross.describe_extensions()[2];
    assert_eq!(
        (identifier.name.as_str(), identifier.critical),
        ("subjectKeyIdentifier", false)
    );
    assert_eq!(repairs.len(), 5, "{repairs:?}");
    // Without the correction, the same extensions are refused.
    for place in [0, 2, 3] {
        let mut plan = scene.plan();
        let mut tbs = TbsCertificate::from_der(&plan.der).unwrap();
        let flipped = !extension(&mut tbs, place).critical;
        extension(&mut tbs, place).critical = flipped;
        if let ProfileExtension::Carried(carried) = &mut Arc::make_mut(&mut plan.profile).extensions[place] {
            carried.critical = flipped;
        }
        plan.der = tbs.to_der().unwrap();
        assert_breaks(plan, Issuer::Authority(&scene.ca), "cross-extensions");
    }
    assert_eq!(
        Scene::of(&Sketch::authority("CN=Good", "CN=Good"))
            .original
            .repairs(),
        Vec::<String>::new()
    );
}

#[test]
fn the_cross_certificate_of_a_root_without_key_usage_gets_that_of_a_ca() {
    let mut made = sketch();
    made.extensions
        .as_mut()
        .unwrap()
        .retain(|found| found.extn_id != ID_CE_KEY_USAGE);
    let scene = Scene::of(&made);
    let plan = scene.plan();
    let checked = plan.clone().check(Issuer::Authority(&scene.ca), NOW).unwrap();
    let cross = checked.sign(&scene.ca_key).unwrap().certificate().clone();
    let told = cross.describe_extensions();
    let usage = told
        .iter()
        .find(|extension| extension.name == "keyUsage")
        .unwrap();
    assert_eq!(
        (usage.critical, usage.value.as_str()),
        (true, "keyCertSign, cRLSign")
    );
    assert!(scene.original.repairs()[0].contains("keyUsage"));
    // Refused with fewer or more bits.
    let place = cross
        .extensions()
        .iter()
        .position(|found| found.extn_id == ID_CE_KEY_USAGE)
        .unwrap();
    let bend = |change: &dyn Fn(&mut TbsCertificate, &mut Profile)| {
        let mut plan = plan.clone();
        let mut tbs = TbsCertificate::from_der(&plan.der).unwrap();
        change(&mut tbs, Arc::make_mut(&mut plan.profile));
        plan.der = tbs.to_der().unwrap();
        plan.check(Issuer::Authority(&scene.ca), NOW).unwrap_err()
    };
    let gone = bend(&|tbs, profile| {
        tbs.extensions.as_mut().unwrap().remove(place);
        profile.extensions.remove(place);
    });
    assert!(gone.rule().is_some(), "{gone}");
    let more = bend(&|tbs, _| set(tbs, place, b"\x03\x02\x01\x86"));
    assert!(more.rule().is_some(), "{more}");
}

#[test]
fn a_key_usage_that_is_not_in_der_is_written_in_it_and_reported() {
    let mut made = sketch();
    let extensions = made.extensions.as_mut().unwrap();
    let usage = extensions
        .iter_mut()
        .find(|found| found.extn_id == ID_CE_KEY_USAGE)
        .unwrap();
    *usage = fixture::extension(ID_CE_KEY_USAGE, true, b"\x03\x02\x00\x06");
    let scene = Scene::of(&made);
    let checked = scene.plan().check(Issuer::Authority(&scene.ca), NOW).unwrap();
    let cross = checked.sign(&scene.ca_key).unwrap().certificate().clone();
    let mut written = cross.extensions().iter();
    let usage = written.find(|found| found.extn_id == ID_CE_KEY_USAGE).unwrap();
    assert_eq!(usage.extn_value.as_bytes(), b"\x03\x02\x01\x06");
    let repairs = scene.original.repairs();
    assert!(
        repairs.contains(&"keyUsage is in DER, but not in the original".to_owned()),
        "{repairs:?}"
    );
}

/// A subject cannot be corrected: its CA's certificates name it as it is.
#[test]
fn a_subject_that_a_new_ca_may_not_have_is_repeated_and_reported() {
    let attribute = |oid: &[u8], tag: u8, value: &[u8]| {
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let value = [&[tag, length(value)], value].concat();
        let pair = [&[0x06, 3][..], oid, &value].concat();
        [&[0x30, length(&pair)], &pair[..]].concat()
    };
    let name = |attributes: &[Vec<u8>]| {
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let set = attributes.concat();
        let set = [&[0x31, length(&set)], &set[..]].concat();
        Name::from_der(&[&[0x30, length(&set)], &set[..]].concat()).unwrap()
    };
    let (common, country) = (b"\x55\x04\x03", b"\x55\x04\x06");
    let faults = |subject: Name| {
        let mut made = sketch();
        (made.subject, made.issuer) = (subject.clone(), subject);
        let scene = Scene::of(&made);
        scene.plan().check(Issuer::Authority(&scene.ca), NOW).unwrap();
        scene.original.subject_faults()
    };
    for (subject, rule) in [
        (name(&[attribute(country, 0x0c, b"US")]), "name-string-type"),
        (
            name(&[attribute(common, 0x0c, b"a"), attribute(common, 0x0c, b"b")]),
            "name-attribute-once",
        ),
        (name(&[attribute(common, 0x14, b"Old")]), "name-string-type"),
        (name(&[attribute(common, 0x1e, b"\0O\0l")]), "name-string-type"),
        (name(&[attribute(common, 0x0c, b" Old")]), "name-text"),
    ] {
        let found = faults(subject);
        assert_eq!(found[0].rule.name, rule, "{found:?}");
    }
    assert_eq!(faults(Name::from_rfc4514("CN=New").unwrap()), []);
}

#[test]
fn the_same_purposes_in_the_profile_are_accepted() {
    let mut made = sketch();
    // serverAuth, clientAuth
    let purposes =
        b"\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
    let purposes = fixture::extension(ID_CE_EXT_KEY_USAGE, false, purposes);
    made.extensions.as_mut().unwrap().push(purposes);
    let scene = Scene::of(&made);
    let with = |purposes: &[Purpose]| {
        let mut own = Profile::intermediate();
        own.extensions[0] = ProfileExtension::BasicConstraints {
            ca: true,
            path_length: None,
        };
        own.extensions
            .push(ProfileExtension::ExtendedKeyUsage(purposes.to_vec().into()));
        plan_under(&scene.ca, &scene.original, Some(&own))?.check(Issuer::Authority(&scene.ca), NOW)
    };
    with(&[Purpose::SERVER_AUTH, Purpose::CLIENT_AUTH]).unwrap();
    with(&[Purpose::CLIENT_AUTH, Purpose::SERVER_AUTH]).unwrap();
    for other in [
        &[Purpose::SERVER_AUTH][..],
        &[Purpose::SERVER_AUTH, Purpose::TIME_STAMPING],
    ] {
        let error = with(other).unwrap_err();
        assert_eq!(error.rule(), Some("cross-extensions"), "{error}");
    }
}
