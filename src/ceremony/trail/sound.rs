//! A sound trail for the tests.

use std::collections::BTreeMap;

use super::*;
use crate::ceremony::test_key::TestKey;
use crate::ceremony::test_plan::{person, plan_with};
use crate::ceremony::{
    Choice, CreateCa, DestroyKey, GenerateKey, Hole, HoleContent, KeyBudget, Manual, NotBefore, ObjectKind,
    Octets, PlannedSession, Role, SshKeyKind, StepAction, TranscriptFile,
};

pub(super) const BEGIN: u64 = 1_796_112_000; // 2026-12-01T08:00:00Z

pub(super) fn object(session: &str, last: u8) -> PlannedObject {
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

/// A room, a key, a gate of two approvers, and a root. Then the key is destroyed.
pub(super) fn plan() -> CeremonyPlan {
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

pub(super) struct Sound {
    pub(super) plan: CeremonyPlan,
    pub(super) public_key: Octets,
    pub(super) events: Vec<(u64, Event)>,
}

pub(super) fn opened(run: u64, session: &str) -> Event {
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

/// Those who signed at a gate.
pub(super) fn signed_by(people: &[&str]) -> BTreeMap<String, ClaimedTime> {
    let signed = |name: &&str| ((*name).to_owned(), ClaimedTime(UnixTime(BEGIN)));
    people.iter().map(signed).collect()
}

pub(super) fn names(people: &[&str]) -> Vec<String> {
    people.iter().map(|name| (*name).to_owned()).collect()
}

pub(super) fn attending() -> Event {
    Event::Attending {
        people: names(&["A", "B", "W"]),
    }
}

pub(super) fn clock() -> Event {
    Event::Clock {
        wall: "08:00".to_owned(),
    }
}

pub(super) fn confirmed(step: &str) -> Event {
    Event::Confirmed {
        step: step.to_owned(),
    }
}

pub(super) fn deviation() -> Event {
    Event::Deviation {
        text: "power".to_owned(),
        by: "hsm-ca".to_owned(),
    }
}

pub(super) fn stopped() -> Event {
    Event::Stopped {
        because: "power".to_owned(),
    }
}

pub(super) fn decision(choice: Choice, people: &[&str]) -> Event {
    Event::Decision {
        step: "root".to_owned(),
        choice,
        people: names(people),
    }
}

impl Sound {
    pub(super) fn new() -> Self {
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
                people: signed_by(&["A", "B"]),
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

    pub(super) fn bytes(&self, session: &str, spare: bool) -> Digest {
        let key = PublicKey::from_der(&self.public_key.0).unwrap();
        let keys = Keys(BTreeMap::from([("k".to_owned(), KeyOctets::of(&key))]));
        let mut object = self.plan.object(session, "root").unwrap().clone();
        if spare {
            object = object.with_spare().unwrap();
        }
        Digest::of(&object.completed(&keys).unwrap())
    }

    pub(super) fn gate(&self, session: &str) -> Event {
        Event::GateOpen {
            step: "gate".to_owned(),
            objects: BTreeMap::from([("root".to_owned(), self.bytes(session, false))]),
        }
    }

    pub(super) fn sign_begin(&self, session: &str, spare: bool) -> Event {
        Event::SignBegin {
            step: "root".to_owned(),
            key: "k".to_owned(),
            sha256: self.bytes(session, spare),
            entry: 7,
            spare,
        }
    }

    pub(super) fn place(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().position(|(_, event)| is(event)).unwrap()
    }

    pub(super) fn at(&self, step: &str) -> usize {
        self.place(|event| event.step() == Some(step) && !matches!(event, Event::Confirmed { .. }))
    }

    /// Inserts events, one second apart, and shifts the later ones.
    pub(super) fn insert(&mut self, place: usize, events: impl IntoIterator<Item = Event>) {
        let (day, _) = self.events[place - 1];
        let events = events.into_iter().map(|event| (day, event));
        self.events.splice(place..place, events);
    }

    pub(super) fn follow(&self) -> Trail {
        let directory = tempfile::tempdir().unwrap();
        let plan = Digest::of(b"plan");
        let mut file = TranscriptFile::create(&directory.path().join("t"), plan).unwrap();
        for (time, event) in &self.events {
            file.append(UnixTime(*time), event).unwrap();
        }
        Trail::follow(&self.plan, file.transcript())
    }

    pub(super) fn expect(&self, rules: &[&str]) {
        let trail = self.follow();
        let found: Vec<_> = trail.findings.iter().map(|finding| finding.rule.name()).collect();
        assert_eq!(found, rules, "{:#?}", trail.findings);
    }
}
