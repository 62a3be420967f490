//! Confirms the people of a plan from outside the plan. The plan alone is never enough.

use super::{Digest, PlanError, PlannedPeople};

/// What confirms the quorum of a plan, outside the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuorumAnchor {
    /// Nothing confirms it.
    None,
    /// The machine's settings confirm it.
    Settings,
    /// The previous ceremony had the same quorum.
    Previous,
    /// The quorum differs from that of the previous ceremony, so the approvers of that ceremony must approve too.
    Changed {
        /// The quorum of the previous ceremony.
        old: Digest,
    },
    /// The machine's settings name another quorum.
    Other {
        /// The quorum that they name.
        settings: Digest,
    },
}

impl QuorumAnchor {
    /// `settings` is the quorum in the machine's settings; `previous` are the people of the previous ceremony. If the quorum changed since then, the
    /// old quorum must always approve, and the settings may name the old or the new quorum.
    ///
    /// # Errors
    /// [`PlanError`]. People that were read never cause it.
    pub fn of(
        people: &PlannedPeople,
        settings: Option<Digest>,
        previous: Option<&PlannedPeople>,
    ) -> Result<Self, PlanError> {
        let own = people.quorum()?;
        let old = previous.map(PlannedPeople::quorum).transpose()?;
        Ok(match (settings, old) {
            (Some(settings), _) if settings != own && Some(settings) != old => Self::Other { settings },
            (_, Some(old)) if old != own => Self::Changed { old },
            (Some(_), _) => Self::Settings,
            (None, Some(_)) => Self::Previous,
            (None, None) => Self::None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::SshKeyKind;
    use crate::ceremony::test_key::TestKey;
    use crate::ceremony::test_plan::{person, plan_with};

    #[test]
    fn a_quorum_is_anchored_outside_the_plan() {
        let key = TestKey::new(SshKeyKind::Ed25519);
        let people = |name: &str| plan_with(vec![person(name, &[], &key, &[])]).people;
        let (new, old, third) = (people("A"), people("B"), people("C"));
        let hash = |people: &PlannedPeople| people.quorum().unwrap();
        let (new_hash, old_hash, third_hash) = (hash(&new), hash(&old), hash(&third));
        let changed = QuorumAnchor::Changed { old: old_hash };
        let other = |settings| QuorumAnchor::Other { settings };
        let cases = [
            (None, None, QuorumAnchor::None),
            (Some(new_hash), None, QuorumAnchor::Settings),
            (Some(old_hash), None, other(old_hash)),
            (None, Some(&new), QuorumAnchor::Previous),
            (Some(new_hash), Some(&new), QuorumAnchor::Settings),
            (Some(third_hash), Some(&new), other(third_hash)),
            (None, Some(&old), changed),
            (Some(new_hash), Some(&old), changed),
            (Some(old_hash), Some(&old), changed),
            (Some(third_hash), Some(&old), other(third_hash)),
        ];
        for (settings, previous, expected) in cases {
            let found = QuorumAnchor::of(&new, settings, previous).unwrap();
            assert_eq!(found, expected, "{settings:?}");
        }
    }
}
