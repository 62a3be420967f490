//! What the script must contain, and what it must not.

use super::*;
use crate::ceremony::paper::test_plan::{strange_plan, test_plan};
use crate::ceremony::{Role, StepAction, hash_words, script_words};

fn script(plan: &CeremonyPlan) -> String {
    script_in(plan, ScriptState::Approved)
}

fn script_in(plan: &CeremonyPlan, state: ScriptState) -> String {
    script_page(plan, state, PaperSize::A4).unwrap().text().to_owned()
}

#[test]
fn only_the_script_of_an_approved_plan_says_approved_and_a_useless_one_is_marked_on_every_sheet() {
    let plan = test_plan();
    let approved = "made from the approved plan";
    assert!(script(&plan).contains(approved));
    for (state, said, mark) in [
        (
            ScriptState::NotApproved,
            "it was not known whether its plan is approved",
            None,
        ),
        (
            ScriptState::Rejected,
            "The plan of this script was REJECTED.",
            Some("REJECTED"),
        ),
        (
            ScriptState::Aborted,
            "The ceremony of this script was ABORTED.",
            Some("ABORTED"),
        ),
    ] {
        let text = script_in(&plan, state);
        assert!(text.contains(said) && !text.contains(approved), "{state:?}");
        let watermark = mark.map(|mark| format!("<div class=\"watermark\"><span>{mark}</span>"));
        assert_eq!(
            text.contains("class=\"watermark\""),
            watermark.is_some(),
            "{state:?}"
        );
        assert!(
            watermark.is_none_or(|watermark| text.contains(&watermark)),
            "{state:?}"
        );
        let header = mark.map(|mark| format!("@top-right {{ content: \"{mark}\" }}"));
        assert!(header.is_none_or(|header| text.contains(&header)), "{state:?}");
    }
}

#[test]
fn the_words_are_there_for_each_step_that_asks_for_them_and_for_no_other() {
    let plan = test_plan();
    let hash = plan.identity().unwrap().hash;
    let text = script(&plan);
    let typed = |step: &str| format!("<p class=\"typed\">{}</p>", script_words(&hash, step));
    let asking = [
        "opening",
        "k",
        "parked",
        "root",
        "i1",
        "x1",
        "revoke-i0",
        "crl1",
        "destroy",
        "closing",
    ];
    for step in asking {
        assert_eq!(text.matches(&typed(step)).count(), 1, "{step}");
    }
    assert_eq!(text.matches("class=\"typed\"").count(), asking.len());
}

#[test]
fn each_session_has_a_table_of_each_object_with_its_own_dates() {
    let plan = test_plan();
    let text = script(&plan);
    for session in &plan.sessions {
        let title = format!("What is signed in session {}", session.name);
        let (_, after) = text.split_once(&title).unwrap();
        let part = after.split("What is signed in session").next().unwrap();
        for object in plan.objects_of(&session.name) {
            assert!(part.contains(&format!("{}: ", object.step)), "{}", object.step);
            assert!(part.contains(&object.out));
        }
        assert_eq!(part.matches(&format!(">{}<", session.begins)).count(), 4);
    }
}

/// Each paragraph matches what `run` asks for at that step.
#[test]
fn the_operator_types_where_words_are_asked_for_and_presses_enter_elsewhere() {
    let text = script(&test_plan());
    let steps = text.split("<section class=\"step\">").skip(1);
    // The closing paragraph does not say who types.
    for step in steps.filter(|step| step.contains("class=\"who\"")) {
        let asks = step.contains("class=\"typed\"");
        assert_eq!(step.contains(" types.</p>"), asks, "{step}");
        assert_eq!(step.contains(" presses Enter when "), !asks, "{step}");
    }
}

#[test]
fn there_are_boxes_for_records_bags_times_and_initials() {
    let text = script(&test_plan());
    for part in [
        "<div class=\"box\">wall-clock</div>",
        "<div class=\"box\">number of bag root-hsm</div>",
        "<div class=\"box\">initials: witness</div>",
        "<td>bag root-hsm</td>",
        "<td>token legacy</td>",
        "Exception sheet 3 of 3",
        "<blockquote>The clock agrees with the wall clock",
        "Step 10 of 10",
        "only if people choose it: spare serial number of the plan</t",
    ] {
        assert!(text.contains(part), "{part}");
    }
    // Twelve boxes: one for each step, one for the opening, one for the closing.
    assert_eq!(
        text.matches("<div class=\"box\">time (UTC)</div>").count(),
        12 + 3
    );
}

#[test]
fn it_says_who_brings_the_pins_and_the_credentials_and_when_they_are_typed() {
    let mut plan = test_plan();
    let (custodian, rest) = plan.people.persons.split_last_mut().unwrap();
    custodian.roles.push(Role::Custodian);
    rest[1].roles.push(Role::Custodian);
    let text = script(&plan);
    let (before, opening) = text.split_once("<h3>Opening</h3>").unwrap();
    let (opening, _) = opening.split_once("</section>").unwrap();
    let custodians = "custodian (B or W)";
    assert!(before.contains(&format!(
        "<li>The {custodians} is here with the PIN of each token"
    )));
    // After the words of the opening, as in `run`.
    let (_, after) = opening.split_once("class=\"typed\"").unwrap();
    let asks = format!("in this order: legacy, root. The {custodians} who brought the PIN types it");
    assert!(after.contains(&asks), "{after}");
    assert!(after.contains("asks for the PINs and for the words of the interrupted step again"));
    for token in ["legacy", "root"] {
        assert!(after.contains(&format!("<div class=\"box\">who typed the PIN of {token}</div>")));
    }
    // Its step `parked` imports a key from KMS.
    assert!(before.contains("has set the AWS credentials for parked. They are not on this script."));
    assert!(before.contains("reaches AWS KMS") && !before.contains("has no network"));
    plan.steps
        .retain(|step| !matches!(step.action, StepAction::ImportKey(_)));
    plan.tokens.remove("legacy");
    let text = script(&plan);
    assert!(text.contains("has no network") && !text.contains("AWS credentials"));
    assert!(text.contains("asks for the PIN of token root. The"));
}

#[test]
fn the_hash_of_the_plan_is_there_in_words() {
    let plan = test_plan();
    let text = script(&plan);
    let hash = plan.identity().unwrap().hash;
    assert!(text.contains(&hash.to_string()));
    assert!(text.contains(&format!("content: \"Plan {}\"", hash_words(&hash.0))));
}

#[test]
fn a_practice_says_so_and_nothing_of_the_plan_is_markup() {
    let text = script(&strange_plan());
    assert!(text.contains("@top-right { content: \"PRACTICE\" }"));
    assert!(text.contains("<p class=\"banner\">PRACTICE"));
    let (_, body) = text.split_once("<body>").unwrap();
    assert!(!body.contains("<script") && !body.contains("onload='"));
    assert!(body.contains(
        "&lt;script&gt;alert(1)&lt;/script&gt; \u{fffd}gnp.exe &quot; onload=&#39;x&#39; &amp;amp;"
    ));
    assert!(!body.contains('\u{202e}') && !body.contains('\u{1b}'));
    assert!(!text.contains("http-equiv=\"refresh\"") && !text.contains("url("));
    let production = script(&test_plan());
    assert!(!production.contains("PRACTICE"));
}
