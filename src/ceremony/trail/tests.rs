//! A sound trail, and one for each way to leave the plan.

use std::collections::BTreeMap;

use super::*;
use crate::ceremony::test_key::TestKey;
use crate::ceremony::test_plan::{person, plan_with};
use crate::ceremony::{
    CreateCa, DestroyKey, GenerateKey, Hole, HoleContent, KeyBudget, Manual, NotBefore, ObjectKind, Octets,
    PlannedSession, Role, SshKeyKind, StepAction, TranscriptFile,
};

const BEGIN: u64 = 1_796_112_000; // 2026-12-01T08:00:00Z

fn object(session: &str, last: u8) -> PlannedObject {
    let mut tbs = vec![0x30, 40, 2, 1, 5];
    tbs.extend([0; 32]);
    tbs.push(last);
    PlannedObject {
        session: session.to_owned(),
        step: "root".to_owned(),
        is: ObjectKind::Certificate,
        out: "root.crt".to_owned(),
        key: "k".to_owned(),
        algorithm: Octets(vec![0x30, 0]),
        deterministic: false,
        sha256: Digest::of(&tbs),
        tbs: Octets(tbs),
        holes: vec![Hole {
            at: 5,
            len: 32,
            is: HoleContent::Key,
            key: "k".to_owned(),
        }],
        serial: Some("05".to_owned()),
        spare: Some(crate::ceremony::Spare {
            serial: "06".to_owned(),
            at: 4,
        }),
        shown: Vec::new(),
        verdicts: BTreeMap::new(),
    }
}

/// A room, a key, a gate of two approvers, a root; then the key is destroyed.
fn plan() -> CeremonyPlan {
    let keys = [(); 3].map(|()| TestKey::new(SshKeyKind::Ed25519));
    let mut plan = plan_with(vec![
        person("A", &[Role::Approver], &keys[0], &[]),
        person("B", &[Role::Approver], &keys[1], &[]),
        person("W", &[Role::Witness], &keys[2], &[]),
    ]);
    plan.people.attend = BTreeMap::from([(Role::Approver, 2), (Role::Witness, 1)]);
    plan.sessions.push(PlannedSession {
        name: "standby".to_owned(),
        begins: "2026-12-02T08:00:00Z".to_owned(),
        ends: "2026-12-02T17:59:59Z".to_owned(),
    });
    let step = |id: &str, action| PlannedStep {
        id: id.to_owned(),
        action,
    };
    let text = str::to_owned;
    plan.steps.splice(
        0..0,
        [
            step(
                "room",
                StepAction::Manual(Manual {
                    say: text("it is quiet"),
                    record: vec![text("wall"), text("bag:a")],
                }),
            ),
            step(
                "k",
                StepAction::GenerateKey(GenerateKey {
                    token: text("t"),
                    label: text("root"),
                    key_type: text("ed25519"),
                }),
            ),
        ],
    );
    plan.steps.push(step(
        "root",
        StepAction::CreateCa(CreateCa {
            key: text("k"),
            token: None,
            subject: text("CN=R"),
            profile: text("root"),
            not_before: NotBefore::Session,
            days: Some(1),
            not_after: None,
            hash: None,
            out: text("root.crt"),
        }),
    ));
    plan.steps.push(step(
        "end",
        StepAction::DestroyKey(DestroyKey {
            token: text("t"),
            key: text("k"),
        }),
    ));
    plan.objects = vec![object("main", 1), object("standby", 2)];
    plan.budget = vec![KeyBudget {
        key: text("k"),
        token: text("t"),
        signatures: 1,
        proofs: 1,
    }];
    plan
}

struct Sound {
    plan: CeremonyPlan,
    public_key: Octets,
    events: Vec<(u64, Event)>,
}

fn opened(run: u64, session: &str) -> Event {
    Event::Opened {
        run,
        session: session.to_owned(),
        tool: Digest::of(b"tool"),
        module: Digest::of(b"module"),
        boot: String::new(),
        host: String::new(),
        network: Vec::new(),
        by: String::new(),
    }
}

fn names(people: &[&str]) -> Vec<String> {
    people.iter().map(|name| (*name).to_owned()).collect()
}

fn attending() -> Event {
    Event::Attending {
        people: names(&["A", "B", "W"]),
    }
}

fn clock() -> Event {
    Event::Clock {
        wall: "08:00".to_owned(),
    }
}

fn confirmed(step: &str) -> Event {
    Event::Confirmed {
        step: step.to_owned(),
    }
}

fn deviation() -> Event {
    Event::Deviation {
        text: "power".to_owned(),
        by: "hsm-ca".to_owned(),
    }
}

fn stopped() -> Event {
    Event::Stopped {
        because: "power".to_owned(),
    }
}

fn decision(choice: Choice, people: &[&str]) -> Event {
    Event::Decision {
        step: "root".to_owned(),
        choice,
        people: names(people),
    }
}

impl Sound {
    fn new() -> Self {
        let plan = plan();
        let key = TestKey::new(SshKeyKind::Ed25519).key();
        let public_key = Octets(key.public_key().der().to_vec());
        let text = str::to_owned;
        let mut sound = Self {
            plan,
            public_key: public_key.clone(),
            events: Vec::new(),
        };
        let record = BTreeMap::from([(text("bag:a"), text("1")), (text("wall"), text("08:00"))]);
        let events = [
            opened(1, "main"),
            clock(),
            attending(),
            confirmed("opening"),
            Event::Said {
                step: text("room"),
                record,
            },
            confirmed("k"),
            Event::KeyBegin {
                step: text("k"),
                token: text("t"),
                label: text("root"),
            },
            Event::KeyEnd {
                step: text("k"),
                how: KeyOrigin::Generated,
                public_key,
                id: text("01"),
            },
            sound.gate("main"),
            Event::GatePassed {
                step: text("gate"),
                people: names(&["A", "B"]),
            },
            confirmed("root"),
            sound.sign_begin("main", false),
            Event::SignEnd {
                step: text("root"),
                signature: Octets(vec![1, 2, 3]),
            },
            Event::Written {
                step: text("root"),
                sha256: Digest::of(b"der"),
            },
            confirmed("end"),
            Event::DestroyBegin {
                step: text("end"),
                key: text("k"),
            },
            Event::DestroyEnd { step: text("end") },
            confirmed("closing"),
            Event::Closed {
                out: BTreeMap::from([(text("root.crt"), Digest::of(b"der"))]),
            },
        ];
        sound.events = (BEGIN..).zip(events).collect();
        sound
    }

    fn bytes(&self, session: &str, spare: bool) -> Digest {
        let key = PublicKey::from_der(&self.public_key.0).unwrap();
        let keys = Keys(BTreeMap::from([("k".to_owned(), KeyOctets::of(&key))]));
        let mut object = self.plan.object(session, "root").unwrap().clone();
        if spare {
            object = object.with_spare().unwrap();
        }
        Digest::of(&object.completed(&keys).unwrap())
    }

    fn gate(&self, session: &str) -> Event {
        Event::GateOpen {
            step: "gate".to_owned(),
            objects: BTreeMap::from([("root".to_owned(), self.bytes(session, false))]),
        }
    }

    fn sign_begin(&self, session: &str, spare: bool) -> Event {
        Event::SignBegin {
            step: "root".to_owned(),
            key: "k".to_owned(),
            sha256: self.bytes(session, spare),
            entry: 7,
            spare,
        }
    }

    fn place(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().position(|(_, event)| is(event)).unwrap()
    }

    fn at(&self, step: &str) -> usize {
        self.place(|event| event.step() == Some(step) && !matches!(event, Event::Confirmed { .. }))
    }

    /// Puts events in, a second apart, and moves what follows.
    fn insert(&mut self, place: usize, events: impl IntoIterator<Item = Event>) {
        let (day, _) = self.events[place - 1];
        let events = events.into_iter().map(|event| (day, event));
        self.events.splice(place..place, events);
    }

    fn follow(&self) -> Trail {
        let directory = tempfile::tempdir().unwrap();
        let plan = Digest::of(b"plan");
        let mut file = TranscriptFile::create(&directory.path().join("t"), plan).unwrap();
        for (time, event) in &self.events {
            file.append(UnixTime(*time), event).unwrap();
        }
        Trail::follow(&self.plan, file.transcript())
    }

    fn expect(&self, rules: &[&str]) {
        let trail = self.follow();
        let found: Vec<_> = trail.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(found, rules, "{:#?}", trail.findings);
    }
}

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
    assert_eq!(trail.gates["gate"].people, ["A", "B"]);
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
        // People may type the words of a step once more, and a gate may be opened again until it is passed.
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
fn interrupted_runs_go_on_where_they_were() {
    // Stopped between two steps; killed in a step, with the deviation that says so.
    let mut sound = Sound::new();
    let place = sound.at("root");
    sound.insert(
        place,
        [
            stopped(),
            opened(2, "main"),
            clock(),
            attending(),
            confirmed("opening"),
            confirmed("root"),
        ],
    );
    sound.expect(&[]);
    let mut killed = Sound::new();
    killed.insert(
        place,
        [
            opened(2, "main"),
            clock(),
            attending(),
            deviation(),
            confirmed("opening"),
            confirmed("root"),
        ],
    );
    killed.expect(&[]);
    let mut silent = Sound::new();
    silent.insert(
        place,
        [
            opened(2, "main"),
            clock(),
            attending(),
            confirmed("opening"),
            confirmed("root"),
        ],
    );
    silent.expect(&["run"]);
    // The words are asked for again.
    let mut unasked = Sound::new();
    unasked.insert(
        place,
        [
            stopped(),
            opened(2, "main"),
            clock(),
            attending(),
            confirmed("opening"),
        ],
    );
    unasked.expect(&["confirmed"]);
    let mut counted = Sound::new();
    counted.insert(
        place,
        [
            stopped(),
            opened(3, "main"),
            clock(),
            attending(),
            confirmed("opening"),
            confirmed("root"),
        ],
    );
    counted.expect(&["run"]);
}

#[test]
fn a_second_signature_needs_a_deterministic_key_or_a_decision() {
    let again = |decide: Option<Event>, spare: bool| {
        let mut sound = Sound::new();
        let place = sound.at("root") + 1;
        let mut events = vec![
            stopped(),
            opened(2, "main"),
            clock(),
            attending(),
            confirmed("opening"),
            confirmed("root"),
        ];
        events.extend(decide);
        events.push(sound.sign_begin("main", spare));
        sound.insert(place, events);
        sound
    };
    again(None, false).expect(&["budget"]);
    let mut deterministic = again(None, false);
    deterministic.plan.objects[0].deterministic = true;
    deterministic.expect(&[]);
    again(Some(decision(Choice::SignAgain, &["A", "B"])), false).expect(&[]);
    again(Some(decision(Choice::SignAgain, &["A", "W"])), false).expect(&["decision"]);
    again(Some(decision(Choice::SignAgain, &["A", "A"])), false).expect(&["decision", "decision"]);
    again(Some(decision(Choice::SpareSerial, &["A", "B"])), true).expect(&[]);
    again(Some(decision(Choice::SpareSerial, &["A", "B"])), false).expect(&["spare"]);
    again(Some(decision(Choice::SignAgain, &["A", "B"])), true).expect(&["spare"]);
}

#[test]
fn what_leaves_the_plan_is_found() {
    let changed = |change: &dyn Fn(&mut Sound), rules: &[&str]| {
        let mut sound = Sound::new();
        change(&mut sound);
        sound.expect(rules);
    };
    let hash = Digest::of(b"other");
    // The day after, and the second before.
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
                people: names(people),
            };
        }
    };
    for people in [&["A"][..], &["A", "A"], &["A", "W"], &["A", "B", "W"]] {
        let people: &'static [&'static str] = Vec::leak(people.to_vec());
        changed(&passed(people), &["gate"]);
    }
    changed(&|sound| sound.plan.module = Some(module()), &["module"]);
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
                people: names(&["A", "B"]),
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
        .map(|finding| finding.rule)
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
    // Too late: something was done already.
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
        assert_eq!(trail.findings.first().map(|finding| finding.rule), Some("end"));
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
