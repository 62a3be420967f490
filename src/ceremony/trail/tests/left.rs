//! What a run leaves if it is stopped before a signature.

use super::*;

/// Cut before the words of the step that signs.
fn stopped_before_the_root() -> Sound {
    let mut sound = Sound::new();
    let place = sound.at("root");
    sound.events.truncate(place);
    sound
}

#[test]
fn only_the_octets_of_the_next_step_can_be_left() {
    let sound = stopped_before_the_root();
    let trail = sound.follow();
    assert_eq!(trail.findings, []);
    let octets = |session: &str| {
        let object = sound.plan.object(session, "root").unwrap();
        trail.completed(object, false).unwrap()
    };
    let is_next = |name: &str, content: &[u8]| trail.is_next_to_sign(&sound.plan, name, content);
    assert!(is_next("root.tbs", &octets("main")));
    // The session before this one was given up.
    assert!(is_next("root.tbs", &octets("standby")));
    assert!(!is_next("root.tbs", b"other octets"));
    for name in ["root.sig", "root.der", "root.spare.tbs", "end.tbs", "gate.tbs"] {
        assert!(!is_next(name, &octets("main")), "{name}");
    }
    // The octets are those of a later step.
    let mut early = Sound::new();
    let place = early.at("gate");
    early.events.truncate(place);
    assert!(
        !early
            .follow()
            .is_next_to_sign(&early.plan, "root.tbs", &octets("main"))
    );
}

#[test]
fn the_octets_with_the_spare_serial_number_are_next_only_if_people_chose_it() {
    let mut sound = stopped_before_the_root();
    let begun = Sound::new();
    let place = begun.at("root");
    sound.events.extend(begun.events.into_iter().skip(place).take(2));
    let spare = |sound: &Sound| {
        let trail = sound.follow();
        let object = sound.plan.object("main", "root").unwrap();
        trail.is_next_to_sign(
            &sound.plan,
            "root.spare.tbs",
            &trail.completed(object, true).unwrap(),
        )
    };
    assert!(!spare(&sound));
    let place = sound.events.len();
    sound.insert(place, [decision(Choice::SpareSerial, &["A", "B"])]);
    assert!(spare(&sound));
}
