use super::*;
use crate::ceremony::paper::test_plan::{strange_plan, test_plan};

#[test]
fn the_text_has_every_part_of_the_plan_in_80_columns() {
    let plan = test_plan();
    let text = plan_text(&plan).unwrap();
    for line in text.lines() {
        let word = line
            .trim_start()
            .split(' ')
            .map(|word| word.chars().count())
            .max();
        assert!(line.chars().count() <= 80 || word > Some(60), "{line:?}");
        assert_eq!(line.trim_end(), line);
    }
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let hash = plan.identity().unwrap().hash;
    let hex = hash.to_string();
    let (first, second) = hex.split_at(32);
    assert!(flat.contains(&format!("plan's hash {first} {second}")), "{text}");
    assert!(flat.contains(&format!("in words {}", hash_words(&hash.0))));
    for session in &plan.sessions {
        assert!(flat.contains(&format!(
            "{} {} to {}",
            session.name, session.begins, session.ends
        )));
    }
    for person in &plan.people.persons {
        assert!(
            flat.contains(&person.ssh_key().unwrap().fingerprint()),
            "{}",
            person.name
        );
    }
    for input in plan.inputs.values() {
        assert!(flat.contains(&input.file));
        assert!(flat.contains(&hash_words(&input.key.unwrap().0)));
    }
    for (index, step) in plan.steps.iter().enumerate() {
        assert!(flat.contains(&format!("{}. {} ({})", index + 1, step.id, step.action.word())));
    }
    for object in &plan.objects {
        for line in &object.shown {
            let (name, value) = split_line(line);
            assert!(flat.contains(&format!("{name} {value}")), "{line}");
        }
    }
    for part in [
        "3 of the 5 approvers must approve this plan",
        "In the room, at least: administrator 1, operator 1, approver 2, witness 1",
        "signed by 2 different people with the role approver",
        "write down wall-clock, number of bag root-hsm",
        "the new key",
        "the agreed reason",
        "spare serial number",
        "48 octets at 4: key k",
    ] {
        assert!(flat.contains(part), "{part}\n{text}");
    }
}

#[test]
fn the_words_of_the_script_are_not_in_it() {
    let plan = test_plan();
    let text = plan_text(&plan).unwrap();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let hash = plan.identity().unwrap().hash;
    let ends = ["opening", "closing"].into_iter();
    for step in ends.chain(plan.steps.iter().map(|step| step.id.as_str())) {
        assert!(!flat.contains(&crate::ceremony::script_words(&hash, step)));
    }
}

#[test]
fn a_practice_is_marked_and_no_name_moves_the_cursor() {
    let text = plan_text(&strange_plan()).unwrap();
    assert!(text.lines().any(|line| line.starts_with("PRACTICE")), "{text}");
    let is_wrong = |character| character != '\n' && crate::values::is_unprintable(character);
    assert!(!text.contains(is_wrong), "{text:?}");
}
