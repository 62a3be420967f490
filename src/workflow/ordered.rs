//! Work on several threads, with results in the order of the work.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// How far the threads may be ahead of the next result.
const AHEAD: usize = 4;

struct Progressed {
    /// The next piece of work to take.
    next: usize,
    /// The number of results that were passed on.
    handed_over: usize,
    stopped: bool,
}

/// Runs `work` for each number below `count` on up to `threads` threads, and passes the results to `each` on this thread, in order. When `each`
/// breaks, no new work begins. Few results exist at a time, whatever the count.
pub(super) fn in_order<T: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut each: impl FnMut(usize, T) -> ControlFlow<()>,
) {
    let threads = threads.min(count);
    if threads < 2 {
        let _ = (0..count).try_for_each(|number| each(number, work(number)));
        return;
    }
    let state = Mutex::new(Progressed {
        next: 0,
        handed_over: 0,
        stopped: false,
    });
    let changed = Condvar::new();
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let take = || -> Option<usize> {
        let is_ahead = |state: &mut Progressed| {
            !state.stopped && state.next < count && state.next >= state.handed_over + threads * AHEAD
        };
        let mut state: MutexGuard<'_, Progressed> = changed
            .wait_while(lock(), is_ahead)
            .unwrap_or_else(PoisonError::into_inner);
        (!state.stopped && state.next < count).then(|| {
            state.next += 1;
            state.next - 1
        })
    };
    thread::scope(|scope| {
        // Stops the other threads even if this one panics, so that they do not wait forever.
        let _stop = Stop(&state, &changed);
        let (results, received) = mpsc::channel();
        for _ in 0..threads {
            let (results, take, work) = (results.clone(), &take, &work);
            scope.spawn(move || {
                while let Some(number) = take() {
                    if results.send((number, work(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let (mut early, mut wanted) = (BTreeMap::new(), 0);
        for (number, result) in received {
            early.insert(number, result);
            while let Some(result) = early.remove(&wanted) {
                if each(wanted, result).is_break() {
                    return;
                }
                wanted += 1;
                lock().handed_over = wanted;
                changed.notify_all();
            }
        }
    });
}

struct Stop<'a>(&'a Mutex<Progressed>, &'a Condvar);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        self.1.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_and_few_exist_at_one_time() {
        for threads in [1, 2, 5] {
            let (begun, mut got) = (AtomicUsize::new(0), Vec::new());
            let work = |number: usize| {
                begun.fetch_add(1, Ordering::SeqCst);
                if number.is_multiple_of(7) {
                    thread::sleep(Duration::from_millis(2));
                }
                number * 2
            };
            in_order(threads, 200, work, |number, result| {
                assert_eq!(result, number * 2);
                assert!(begun.load(Ordering::SeqCst) <= number + 1 + threads * AHEAD);
                got.push(number);
                ControlFlow::Continue(())
            });
            assert_eq!(got, Vec::from_iter(0..200), "{threads}");
        }
    }

    #[test]
    fn no_more_work_begins_after_a_break() {
        for threads in [1, 3] {
            let begun = AtomicUsize::new(0);
            let mut seen = 0;
            in_order(
                threads,
                10_000,
                |number| {
                    begun.fetch_add(1, Ordering::SeqCst);
                    number
                },
                |number, _| {
                    seen = number;
                    if number == 5 {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                },
            );
            assert_eq!(seen, 5);
            assert!(begun.load(Ordering::SeqCst) <= 6 + threads * AHEAD, "{threads}");
        }
    }
}
