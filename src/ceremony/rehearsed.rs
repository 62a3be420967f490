//! Compares what a rehearsal signed with the plan: every octet outside the holes must match.

#[cfg(test)]
mod tests;

use super::PlannedObject;

/// One object of a rehearsal, compared with the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedObject {
    /// The session.
    pub session: String,
    /// The step.
    pub step: String,
    /// How many octets are in holes. A stand-in key fills them, so they are not compared.
    pub in_holes: usize,
    /// How many octets were compared.
    pub compared: usize,
    /// The first difference, if there is one.
    pub difference: Option<Difference>,
}

/// Where a rehearsal differs from the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The object has another length, in octets. Nothing was compared.
    Length {
        /// The length in the plan.
        planned: usize,
        /// The length in the rehearsal.
        found: usize,
    },
    /// An octet differs.
    Octet {
        /// Its offset in the signed bytes, from 0.
        at: usize,
        /// The octet in the plan.
        planned: u8,
        /// The octet in the rehearsal.
        found: u8,
    },
}

impl ComparedObject {
    /// Compares the bytes that a rehearsal signed (DER of a `TBSCertificate` or `TBSCertList`) with those of the plan.
    #[must_use]
    pub fn of(planned: &PlannedObject, signed: &[u8]) -> Self {
        let tbs = planned.tbs.0.as_slice();
        let is_in_hole = |at: usize| {
            let holds = |hole: &super::Hole| (hole.at..hole.at.saturating_add(hole.len)).contains(&at);
            planned.holes.iter().any(holds)
        };
        let in_holes = (0..tbs.len()).filter(|at| is_in_hole(*at)).count();
        let mut outcome = Self {
            session: planned.session.clone(),
            step: planned.step.clone(),
            in_holes,
            compared: 0,
            difference: None,
        };
        if tbs.len() != signed.len() {
            outcome.difference = Some(Difference::Length {
                planned: tbs.len(),
                found: signed.len(),
            });
            return outcome;
        }
        outcome.compared = tbs.len().saturating_sub(in_holes);
        let mut octets = tbs.iter().zip(signed).enumerate();
        outcome.difference = octets
            .find(|(at, (planned, found))| planned != found && !is_in_hole(*at))
            .map(|(at, (planned, found))| Difference::Octet {
                at,
                planned: *planned,
                found: *found,
            });
        outcome
    }

    /// Whether at least one octet was compared and all of them match.
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.difference.is_none() && self.compared > 0
    }
}
