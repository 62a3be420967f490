//! What a run that was stopped before its next signature can have left.

use super::Trail;
use crate::ceremony::CeremonyPlan;

impl Trail {
    /// Whether `name` in `run/objects` with this content is the file with the octets that the next step signs. `run` writes it before
    /// `sign-begin`, and can stop in between. A session that was given up can have left it too.
    #[must_use]
    pub fn is_next_to_sign(&self, plan: &CeremonyPlan, name: &str, content: &[u8]) -> bool {
        let Some(step) = plan.steps.get(self.done) else {
            return false;
        };
        let is_spare = match name.strip_prefix(step.id.as_str()) {
            Some(".tbs") => false,
            Some(".spare.tbs") if self.replaced.contains_key(&step.id) => true,
            _ => return false,
        };
        let mut objects = plan.objects.iter().filter(|object| object.step == step.id);
        objects.any(|object| {
            self.completed(object, is_spare)
                .is_some_and(|octets| octets == content)
        })
    }
}
