//! The tokens of a rehearsal. They are new, and their PINs are never shown.

use std::collections::BTreeMap;

use super::RehearsalError;
use crate::ceremony::{CeremonyPlan, SeenToken};
use crate::secret::{MemoryGuard, Pin};
use crate::token::{Module, RigToken, Session, Token, TokenDescription, TokenSelector, init_token_beside};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::plan::see_token;

/// Logged-in tokens, by the names used in the steps.
pub(super) struct PracticeTokens {
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) seen: BTreeMap<String, SeenToken>,
    descriptions: BTreeMap<String, TokenDescription>,
}

impl PracticeTokens {
    /// Initialises one token for each token of the plan.
    pub(super) fn initialise(
        module: &Module,
        rig: RigToken,
        plan: &CeremonyPlan,
    ) -> Result<Self, WorkflowError> {
        let guard = MemoryGuard::engage()?;
        let mut tokens = Self {
            sessions: BTreeMap::new(),
            seen: BTreeMap::new(),
            descriptions: BTreeMap::new(),
        };
        for (place, name) in (1..).zip(plan.tokens.keys()) {
            let own: Vec<_> = tokens.descriptions.values().cloned().collect();
            let (so_pin, pin) = (Pin::random(&guard)?, Pin::random(&guard)?);
            // A token's label has at most 32 bytes, and a name in the file can be longer.
            let label = format!("practice-{place}");
            let token = init_token_beside(module, rig, &own, &label, &so_pin, &pin)
                .map_err(|cause| RehearsalError::Rig { cause })?;
            let session = module
                .token(&TokenSelector::with_serial(&token.serial))?
                .login(Some(pin))?;
            tokens.sessions.insert(name.clone(), session);
            tokens.seen.insert(name.clone(), see_token(&token));
            tokens.descriptions.insert(name.clone(), token);
        }
        Ok(tokens)
    }

    /// The tokens as found, by the names used in the steps.
    pub(super) fn found(&self) -> BTreeMap<String, Token> {
        let token = |(name, session): (&String, &Session)| (name.clone(), session.token().clone());
        self.sessions.iter().map(token).collect()
    }

    /// Their serial numbers, by the names used in the steps.
    pub(super) fn serials(&self) -> BTreeMap<String, String> {
        let serial = |(name, token): (&String, &TokenDescription)| (name.clone(), token.serial.clone());
        self.descriptions.iter().map(serial).collect()
    }
}
