//! The one clock of a job.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::x509::UnixTime;

/// The time source of a job. Each caller passes one, and every step of the job uses it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixTime + Send + Sync>);

impl Clock {
    /// A clock that reads the time from `read`.
    #[must_use]
    pub fn new(read: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The operating system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| UnixTime::from_system(SystemTime::now()))
    }

    /// A clock that always says `time`: for a job whose dates are fixed.
    #[must_use]
    pub fn stopped_at(time: UnixTime) -> Self {
        Self::new(move || time)
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").finish_non_exhaustive()
    }
}
