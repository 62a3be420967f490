//! A step in a few words.

use hsm_ca::ceremony::{PlannedStep, StepAction};

/// Describes the action of a step and its parameters.
pub(super) fn describe_step(step: &PlannedStep) -> String {
    match &step.action {
        StepAction::Manual(_) => "a step by hand".to_owned(),
        StepAction::GenerateKey(generate) => format!(
            "generate the key {:?} ({}) on token {:?}",
            generate.label, generate.key_type, generate.token
        ),
        StepAction::ImportKey(import) => {
            format!("import the key {:?} into token {:?}", import.label, import.token)
        }
        StepAction::Confirm(_) => "people sign the completed bytes".to_owned(),
        StepAction::CreateCa(create) => format!("sign the CA certificate {}", create.out),
        StepAction::SignCsr(sign) => format!("sign the certificate {}", sign.out),
        StepAction::CrossSign(cross) => format!("sign the cross-certificate {}", cross.out),
        StepAction::Revoke(revoke) => format!("revoke the certificate {:?}", revoke.certificate),
        StepAction::Crl(crl) => format!("sign the CRL {}", crl.out),
        StepAction::DestroyKey(destroy) => format!("destroy the key {:?}", destroy.key),
        _ => step.action.word().to_owned(),
    }
}
