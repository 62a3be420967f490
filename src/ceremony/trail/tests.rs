//! A sound trail has no findings. Each departure from the plan has one.

mod interrupted;
mod left;

use super::sound::*;
use super::*;
use crate::ceremony::Choice;

#[test]
fn a_sound_course_has_no_finding_and_says_what_was_done() {
    let sound = Sound::new();
    let trail = sound.follow();
    assert_eq!(trail.findings, []);
    assert_eq!((trail.runs, trail.session.as_deref()), (1, Some("main")));
    assert_eq!(trail.keys["k"].public_key, sound.public_key.0);
    assert_eq!(
        trail.signature_of("root").unwrap().signature,
        Some((13, vec![1, 2, 3]))
    );
    assert_eq!(trail.gates["gate"].people, signed_by(&["A", "B"]));
    assert!(matches!(trail.end, TrailEnd::Closed { line: 19, .. }));
}

#[test]
fn each_line_that_is_left_out_or_said_twice_is_found() {
    let sound = Sound::new();
    for place in 0..sound.events.len() - 1 {
        let mut less = Sound::new();
        less.events.remove(place);
        assert_ne!(less.follow().findings, [], "without line {}", place + 1);
        let mut twice = Sound::new();
        twice.events.insert(place, twice.events[place].clone());
        // People may type the words of a step again, and a gate may be opened again until it is passed.
        let harmless = match &twice.events[place].1 {
            Event::Confirmed { step } => step != "opening",
            event => matches!(event, Event::GateOpen { .. } | Event::DestroyBegin { .. }),
        };
        assert_eq!(
            twice.follow().findings.is_empty(),
            harmless,
            "line {} twice",
            place + 1
        );
    }
    let mut open = Sound::new();
    open.events.pop();
    assert_eq!(open.follow().end, TrailEnd::Open);
}

#[test]
fn each_two_neighbours_that_are_exchanged_are_found() {
    let count = Sound::new().events.len();
    for place in 0..count - 1 {
        let mut other = Sound::new();
        let (one, next) = (other.events[place].1.clone(), other.events[place + 1].1.clone());
        other.events[place].1 = next;
        other.events[place + 1].1 = one;
        assert_ne!(
            other.follow().findings,
            [],
            "lines {} and {}",
            place + 1,
            place + 2
        );
    }
}

#[test]
fn what_leaves_the_plan_is_found() {
    let changed = |change: &dyn Fn(&mut Sound), rules: &[&str]| {
        let mut sound = Sound::new();
        change(&mut sound);
        sound.expect(rules);
    };
    let hash = Digest::of(b"other");
    // The day after the session, and the second before it.
    changed(
        &|sound| sound.events.iter_mut().for_each(|(time, _)| *time += 36_000),
        &["hours"],
    );
    changed(
        &|sound| sound.events.iter_mut().for_each(|(time, _)| *time -= 12),
        &["hours"],
    );
    changed(
        &|sound| {
            sound.events[2].1 = Event::Attending {
                people: names(&["A", "B"]),
            }
        },
        &["attendance"],
    );
    changed(
        &|sound| {
            sound.events[2].1 = Event::Attending {
                people: names(&["A", "A", "B", "W"]),
            }
        },
        &["attendance"],
    );
    changed(
        &|sound| {
            sound.events[2].1 = Event::Attending {
                people: names(&["A", "B", "W", "X"]),
            }
        },
        &["attendance"],
    );
    for (by, expected) in [
        ("W", &[][..]),
        ("login root@room", &[]),
        ("hsm-ca", &[]),
        ("X", &["author"]),
        ("w", &["author"]),
        ("root@room", &["author"]),
        ("login ", &["author"]),
        ("", &["author"]),
    ] {
        let (text, by) = ("the door was open".to_owned(), by.to_owned());
        for remark in [
            Event::Note {
                text: text.clone(),
                by: by.clone(),
            },
            Event::Deviation {
                text: text.clone(),
                by: by.clone(),
            },
        ] {
            let insert = |sound: &mut Sound| {
                let (time, _) = sound.events[4];
                sound.events.insert(5, (time, remark.clone()));
            };
            changed(&insert, expected);
        }
    }
    let key_of_other_type = |sound: &mut Sound| {
        let place = sound.place(|event| matches!(event, Event::KeyEnd { .. }));
        if let Event::KeyEnd { how, .. } = &mut sound.events[place].1 {
            *how = KeyOrigin::Imported;
        }
    };
    changed(&key_of_other_type, &["key"]);
    let signed = |sound: &mut Sound, change: &dyn Fn(&mut Digest, &mut String)| {
        let place = sound.at("root");
        if let Event::SignBegin { sha256, key, .. } = &mut sound.events[place].1 {
            change(sha256, key);
        }
    };
    changed(
        &|sound| signed(sound, &|sha256, _| *sha256 = hash),
        &["object", "gate"],
    );
    changed(
        &|sound| signed(sound, &|_, key| *key = "other".to_owned()),
        &["key"],
    );
    // The bytes of the other session.
    let other = Sound::new();
    let place = other.at("root");
    changed(
        &|sound| sound.events[place].1 = sound.sign_begin("standby", false),
        &["object", "gate"],
    );
    changed(
        &|sound| {
            let place = sound.at("gate");
            sound.events[place].1 = sound.gate("standby");
        },
        &["gate", "gate"],
    );
    let passed = |people: &'static [&'static str]| {
        move |sound: &mut Sound| {
            let place = sound.at("gate") + 1;
            sound.events[place].1 = Event::GatePassed {
                step: "gate".to_owned(),
                people: signed_by(people),
            };
        }
    };
    for people in [&["A"][..], &["A", "W"], &["A", "B", "W"]] {
        let people: &'static [&'static str] = Vec::leak(people.to_vec());
        changed(&passed(people), &["gate"]);
    }
    changed(&|sound| sound.plan.module = Some(module()), &["module"]);
    changed(&|sound| sound.plan.tool.sha256 = hash, &["tool"]);
}

fn module() -> crate::ceremony::PlannedModule {
    crate::ceremony::PlannedModule {
        file: "p11.so".to_owned(),
        library: "P11 1.0".to_owned(),
        sha256: Digest::of(b"another module"),
    }
}

#[test]
fn another_session_is_possible_until_something_is_signed_and_needs_its_own_gate() {
    const DAY: u64 = 86_400;
    let moved = |regate: bool| {
        let mut sound = Sound::new();
        let place = sound.at("root") - 1;
        let mut events = vec![
            stopped(),
            opened(2, "standby"),
            clock(),
            attending(),
            confirmed("opening"),
        ];
        if regate {
            events.push(sound.gate("standby"));
            events.push(Event::GatePassed {
                step: "gate".to_owned(),
                people: signed_by(&["A", "B"]),
            });
        }
        sound.insert(place, events);
        let sign = sound.at("root");
        sound.events[sign].1 = sound.sign_begin("standby", false);
        for (time, _) in &mut sound.events[place + 1..] {
            *time += DAY;
        }
        sound
    };
    moved(true).expect(&[]);
    moved(false).expect(&["gate"]);
    let mut late = Sound::new();
    let place = late.at("end");
    late.insert(
        place,
        [
            stopped(),
            opened(2, "standby"),
            clock(),
            attending(),
            confirmed("opening"),
            confirmed("end"),
        ],
    );
    let rules: Vec<_> = late
        .follow()
        .findings
        .iter()
        .map(|finding| finding.rule.name())
        .collect();
    assert_eq!(rules.first(), Some(&"session"));
}

#[test]
fn a_clock_that_goes_back_is_found_until_people_say_that_it_is_right() {
    let mut back = Sound::new();
    let place = back.at("end");
    for (time, _) in &mut back.events[place..] {
        *time -= 10;
    }
    back.expect(&["clock"]);
    back.events.insert(
        place + 1,
        (
            back.events[place].0,
            Event::Decision {
                step: "end".to_owned(),
                choice: Choice::ClockIsRight,
                people: names(&["W"]),
            },
        ),
    );
    // Too late: something was done before the clock was confirmed.
    back.expect(&["clock"]);
    back.events.swap(place, place + 1);
    back.expect(&[]);
}

#[test]
fn nothing_follows_the_end() {
    for note in [
        Event::Note {
            text: "late".to_owned(),
            by: "W".to_owned(),
        },
        deviation(),
        opened(2, "main"),
    ] {
        let mut sound = Sound::new();
        sound.events.push((BEGIN + 100, note));
        let trail = sound.follow();
        assert_eq!(
            trail.findings.first().map(|finding| finding.rule.name()),
            Some("end")
        );
    }
    let mut aborted = Sound::new();
    aborted.events.truncate(5);
    let abort = Event::Aborted {
        because: "fire".to_owned(),
        by: "W".to_owned(),
    };
    aborted.events.push((BEGIN + 100, abort));
    let trail = aborted.follow();
    assert_eq!(trail.findings, []);
    assert!(matches!(trail.end, TrailEnd::Aborted { .. }));
}
