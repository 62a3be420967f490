//! The checks before the first step.

use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;
use crate::ceremony::paper::people::role_text;
use crate::ceremony::paper::plan_text::token_text;
use crate::ceremony::{CeremonyPlan, Role, StepAction};

pub(super) fn write(html: &mut Html, plan: &CeremonyPlan) {
    html.element("section", "whole", |html| {
        html.leaf("h2", "", "Preparation");
        html.leaf("h3", "", "Before the day");
        checks(
            html,
            &[
                "Each approver compared the 24 words of the plan with the plan that they approved.",
                "Another machine made the same plan from the same files.",
                "hsm-ca ceremony approvals says that the plan is approved.",
                "The ceremony was practised: a practice of the same file was held with the same people.",
                "Copies of this script are printed: one for the administrator, one for each witness, one spare.",
            ],
        );
        // The key of such a step comes from AWS KMS.
        let imports = plan.steps.iter();
        let imports = imports.filter(|step| matches!(step.action, StepAction::ImportKey(_)));
        let imports: Vec<&str> = imports.map(|step| step.id.as_str()).collect();
        let network = match imports.is_empty() {
            true => "The machine has no network: no cable, and no radio.",
            false => "The machine's network reaches AWS KMS, and nothing else.",
        };
        html.leaf("h3", "", "In the room, before the machine is started");
        checks(
            html,
            &[
                "Everybody is on the attendance sheet, with the identity document that was shown.",
                "Cameras and microphones run, and their clock shows UTC.",
                network,
                "Every tamper-evident bag is closed, and its number is that of the last ceremony's closing sheet.",
                &format!(
                    "The {} is here with the PIN of each token, or with a part of it. No PIN is on this script.",
                    role_text(&plan.people, Role::Custodian)
                ),
            ],
        );
        html.leaf("h3", "", "At the machine, before run is started");
        if !imports.is_empty() {
            let loaded = format!(
                "The {} has set the AWS credentials for {}. They are not on this script.",
                role_text(&plan.people, Role::Operator),
                imports.join(", ")
            );
            checks(html, &[&loaded]);
        }
        checks(
            html,
            &["sha256sum prints this table's hash of the program, and of the module if the table has one."],
        );
        let program = plan.tool.sha256.to_string();
        let module = plan.module.as_ref();
        let module = module.map(|module| (module.file.as_str(), module.sha256.to_string()));
        let mut files = vec![(plan.tool.name.as_str(), program.as_str())];
        files.extend(module.as_ref().map(|(file, sha256)| (*file, sha256.as_str())));
        blocks::facts(html, "", files);
        checks(html, &["The serial number printed on each token is that of this table."]);
        let tokens: Vec<[String; 3]> = plan
            .tokens
            .iter()
            .map(|(name, token)| [name.clone(), token_text(token), String::new()])
            .collect();
        blocks::table(html, "lines", &["token", "as planned", "as printed on it"], &tokens);
        inputs(html, plan);
        // So that a short table is not alone on a sheet.
        html.element("section", "together", |html| {
            budget(html, plan);
            waivers(html, plan);
        });
    });
}

/// A checkbox for each sentence.
pub(super) fn checks(html: &mut Html, sentences: &[&str]) {
    html.element("ul", "check", |html| {
        for sentence in sentences {
            html.leaf("li", "", sentence);
        }
    });
}

fn inputs(html: &mut Html, plan: &CeremonyPlan) {
    if plan.inputs.is_empty() {
        return;
    }
    html.leaf("h3", "", "Inputs");
    html.leaf(
        "p",
        "",
        "The person who brings an input reads the words of its key aloud, from a source of their own. On their machine, \
         hsm-ca csr show prints the words for a request, and hsm-ca key show for a key.",
    );
    for (name, input) in &plan.inputs {
        let sha256 = input.sha256.to_string();
        let key = input.key.map(|key| key.to_string());
        let mut facts = vec![("file", input.file.as_str()), ("SHA-256 of the file", &sha256)];
        facts.extend(blocks::shown(&input.shown));
        facts.extend(key.as_ref().map(|key| ("SHA-256 of the key", key.as_str())));
        html.element("section", "together", |html| {
            blocks::facts(html, &format!("{name}: {}", input.is), facts);
            if let Some(key) = &input.key {
                blocks::words(html, key);
            }
        });
    }
}

fn budget(html: &mut Html, plan: &CeremonyPlan) {
    html.leaf("h3", "", "Signatures that each key makes");
    let rows: Vec<[String; 4]> = plan
        .budget
        .iter()
        .map(|budget| {
            let (signatures, proofs) = (budget.signatures.to_string(), budget.proofs.to_string());
            [budget.key.clone(), budget.token.clone(), signatures, proofs]
        })
        .collect();
    let head = ["key", "token", "certificates and CRLs", "proofs of a new key"];
    blocks::table(html, "", &head, &rows);
}

fn waivers(html: &mut Html, plan: &CeremonyPlan) {
    html.leaf("h3", "", "Waived rules");
    if !plan.waived.is_empty() {
        html.leaf("p", "", "The administrator reads these aloud.");
    }
    blocks::waivers(html, plan);
}
