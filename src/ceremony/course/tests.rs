use super::*;
use crate::ceremony::ClaimedTime;

fn opened(course: &mut Course, session: &str, time: u64) {
    let event = Event::Opened {
        run: course.runs + 1,
        session: session.to_owned(),
        tool: Digest::of(b"tool"),
        module: Digest::of(b"module"),
        boot: "boot".to_owned(),
        host: "host".to_owned(),
        network: Vec::new(),
        by: "A".to_owned(),
    };
    course.add(event, Some(UnixTime(time)));
}

#[test]
fn a_gate_is_passed_for_one_session_only() {
    let mut course = Course::default();
    opened(&mut course, "main", 100);
    let (step, objects) = ("gate".to_owned(), BTreeMap::new());
    course.add(
        Event::GateOpen {
            step: step.clone(),
            objects,
        },
        None,
    );
    let people = BTreeMap::from([("A".to_owned(), ClaimedTime(UnixTime(100)))]);
    course.add(Event::GatePassed { step, people }, None);
    opened(&mut course, "main", 200);
    assert!(course.step("gate").gate_passed);
    opened(&mut course, "standby", 300);
    assert_eq!(course.step("gate"), StepCourse::default());
}

fn attending(people: &[&str]) -> Event {
    Event::Attending {
        people: people.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn a_gate_waits_until_it_is_passed_or_the_run_stops() {
    let objects = BTreeMap::from([("root".to_owned(), Digest::of(b"root"))]);
    let step = "gate".to_owned();
    let mut course = Course::default();
    opened(&mut course, "main", 100);
    course.add(attending(&["A", "B"]), None);
    let open = Event::GateOpen {
        step: step.clone(),
        objects: objects.clone(),
    };
    course.add(open, None);
    let waiting = GateBytes {
        session: "main".to_owned(),
        step: step.clone(),
        objects,
    };
    assert_eq!(course.waiting_gate().as_ref(), Some(&waiting));
    assert_eq!(course.in_the_room(), ["A", "B"]);
    let mut passed = course.clone();
    passed.add(
        Event::GatePassed {
            step,
            people: BTreeMap::new(),
        },
        None,
    );
    assert_eq!(passed.waiting_gate(), None);
    let because = "Ctrl-C".to_owned();
    course.add(Event::Stopped { because }, None);
    assert_eq!((course.waiting_gate(), course.in_the_room().len()), (None, 0));
    // Another session shows its own bytes. The next run of the same session continues with the gate once the attendees are known.
    let mut other = course.clone();
    opened(&mut other, "standby", 200);
    other.add(attending(&["A", "B"]), None);
    assert_eq!(other.waiting_gate(), None);
    opened(&mut course, "main", 200);
    assert_eq!(course.waiting_gate(), None);
    course.add(attending(&["C", "A"]), None);
    assert_eq!(course.waiting_gate().as_ref(), Some(&waiting));
    assert_eq!(course.in_the_room(), ["C", "A"]);
    assert_eq!(course.attended, ["A", "B", "C"]);
}

#[test]
fn a_ceremony_ends_closed_or_aborted() {
    let mut course = Course::default();
    opened(&mut course, "main", 100);
    course.add(attending(&["A"]), None);
    assert_eq!(course.ending(), None);
    let mut closed = course.clone();
    closed.add(Event::Closed { out: BTreeMap::new() }, None);
    assert_eq!(closed.ending(), Some(Ending::Closed));
    assert!(closed.in_the_room().is_empty());
    let (because, by) = ("the bag was open".to_owned(), "A".to_owned());
    let aborted = Event::Aborted {
        because: because.clone(),
        by: by.clone(),
    };
    course.add(aborted, None);
    assert_eq!(course.ending(), Some(Ending::Aborted { because, by }));
    assert!(course.in_the_room().is_empty());
}

#[test]
fn a_clock_that_went_back_stays_behind_until_people_decide() {
    let mut course = Course::default();
    opened(&mut course, "main", 100);
    opened(&mut course, "main", 50);
    assert_eq!(course.latest, Some(UnixTime(100)));
    let decision = Event::Decision {
        step: "opening".to_owned(),
        choice: Choice::ClockIsRight,
        people: vec!["A".to_owned()],
    };
    course.add(decision, Some(UnixTime(60)));
    assert_eq!(course.latest, Some(UnixTime(60)));
}
