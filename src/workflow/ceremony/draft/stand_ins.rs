//! The stand-in keys of a draft.

use std::collections::BTreeMap;

use crate::ceremony::{CreateCa, DestroyKey, GenerateKey, StepAction};
use crate::signer::{KeyAlgorithm, PublicKey};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::objects::value;
use crate::workflow::ceremony::refused_keys::{RefusedKeys, find_fault};
use crate::workflow::ceremony::stand_in::StandIn;
use crate::workflow::ceremony::{CeremonyError, CeremonySource};

/// Makes a stand-in for each key that a step makes, and for each key of an input that a step uses.
pub(super) fn make_stand_ins(source: &CeremonySource) -> Result<BTreeMap<String, StandIn>, WorkflowError> {
    let CeremonySource { file, inputs, .. } = source;
    let refused = source.refused_keys.as_ref();
    let mut stand_ins = BTreeMap::new();
    for step in &file.steps {
        let (name, stand_in) = match &step.action {
            StepAction::GenerateKey(GenerateKey { key_type, .. }) => {
                let kind = key_type.parse::<KeyAlgorithm>();
                let kind = kind.map_err(|error| value(&step.id, "type", error.to_string()))?;
                (&step.id, StandIn::of(kind)?)
            }
            StepAction::ImportKey(import) => {
                let known = inputs.pair_of(&step.id, import)?.public_key;
                (&step.id, stand_in_for(&stand_ins, &import.pair, known, refused)?)
            }
            StepAction::CreateCa(CreateCa { key, .. }) | StepAction::DestroyKey(DestroyKey { key, .. })
                if inputs.has(key) =>
            {
                (
                    key,
                    stand_in_for(&stand_ins, key, inputs.public_key(key)?, refused)?,
                )
            }
            _ => continue,
        };
        stand_ins.insert(name.clone(), stand_in);
    }
    Ok(stand_ins)
}

fn stand_in_for(
    stand_ins: &BTreeMap<String, StandIn>,
    input: &str,
    known: PublicKey,
    refused: Option<&RefusedKeys>,
) -> Result<StandIn, WorkflowError> {
    for (other, stand_in) in stand_ins {
        if other != input && stand_in.known.as_ref() == Some(&known) {
            let reason = format!("it has the same key as {other:?}");
            let name = input.to_owned();
            return Err(CeremonyError::InputContent { name, reason }.into());
        }
    }
    if let Some(fault) = find_fault(&known, refused) {
        let (name, reason) = (input.to_owned(), fault.to_string());
        return Err(CeremonyError::InputContent { name, reason }.into());
    }
    Ok(StandIn::for_known(known)?)
}
