//! Interrupted runs, and what is signed again after them.

use super::*;

#[test]
fn interrupted_runs_go_on_where_they_were() {
    // Stopped between two steps; killed within a step, with the deviation that records it.
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
    // After an interruption the words must be typed again.
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
