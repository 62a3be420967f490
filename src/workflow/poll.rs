//! Waiting for something that reports no event.

use std::thread;
use std::time::{Duration, Instant};

/// Pauses between two polls. Each is twice as long as the last, up to a maximum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

/// Polls until there is an answer, or `limit` is over. The last poll starts after the limit. `None` without an answer.
pub(super) fn poll<T, E>(
    limit: Duration,
    pauses: Pauses,
    mut look: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let began = Instant::now();
    let mut pause = pauses.first;
    loop {
        let is_last = began.elapsed() >= limit;
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        if is_last {
            return Ok(None);
        }
        thread::sleep(pause.min(limit.saturating_sub(began.elapsed())));
        pause = (pause * 2).min(pauses.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSES: Pauses = Pauses {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(4),
    };

    #[test]
    fn an_answer_or_an_error_ends_the_waiting() {
        let mut looks = 0;
        let found = poll(Duration::from_secs(60), PAUSES, || {
            looks += 1;
            Ok::<_, ()>((looks == 3).then_some("found"))
        });
        assert_eq!((found, looks), (Ok(Some("found")), 3));
        let failed = poll(Duration::from_secs(60), PAUSES, || Err::<Option<()>, _>("broken"));
        assert_eq!(failed, Err("broken"));
    }

    #[test]
    fn there_is_a_look_after_the_limit() {
        let limit = Duration::from_millis(20);
        let began = Instant::now();
        let mut last = Duration::ZERO;
        let found = poll(limit, PAUSES, || {
            last = began.elapsed();
            Ok::<Option<()>, ()>(None)
        });
        assert_eq!(found, Ok(None));
        assert!(last >= limit, "{last:?}");
        let mut looks = 0;
        let once = poll(Duration::ZERO, PAUSES, || {
            looks += 1;
            Ok::<Option<()>, ()>(None)
        });
        assert_eq!((once, looks), (Ok(None), 1));
    }
}
