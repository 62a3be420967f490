//! One point: several sessions sign for a while, and then every signature is verified.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use super::{BenchError, Latencies};
use crate::signer::{MeasuredTexts, PublicKey, SignError, SignatureAlgorithm, Signer};

/// Limit on the signatures of one point, over all sessions, that are kept until verification. The point ends early at this limit.
const MOST_SIGNATURES: usize = 200_000;
const MOST_BYTES: usize = 64 << 20;

/// How long a session waits after the token said that it is busy.
const AFTER_BUSY: Duration = Duration::from_millis(10);

/// What is signed, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) length: Duration,
}

/// The result of one point.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) signatures: usize,
    pub(super) busy: usize,
    pub(super) elapsed: Duration,
    pub(super) latencies: Latencies,
}

/// The signatures of one session.
#[derive(Debug)]
struct Run {
    texts: MeasuredTexts,
    begun: Instant,
    ended: Instant,
    busy: usize,
    /// The last answer by which the token said that it was busy.
    answer: Option<SignError>,
    made: Vec<Made>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Made {
    /// The number of the text.
    number: u64,
    /// Its end in the bytes.
    end: usize,
    took: Duration,
}

/// Signs in as many threads as there are signers, all at once, each a text of its own each time. Nothing is counted before every
/// signature has been verified.
///
/// # Errors
/// [`BenchError`]; the other threads then stop.
pub(super) fn measure(signers: &mut [Box<dyn Signer + '_>], task: Task) -> Result<Measured, BenchError> {
    let texts = signers.iter().map(|_| MeasuredTexts::new());
    let texts: Vec<_> = texts
        .collect::<Result<_, _>>()
        .map_err(BenchError::NoRandomNumbers)?;
    let public_key = signers.first().map(|signer| signer.public_key().clone());
    let public_key = public_key.ok_or(BenchError::NoSession)?;
    let most = MOST_SIGNATURES.div_ceil(signers.len());
    let room = MOST_BYTES.div_ceil(signers.len());
    let stop = AtomicBool::new(false);
    // Held shut until every thread is there. A thread that could not be started opens it too.
    let gate = RwLock::new(());
    let outcomes: Vec<_> = thread::scope(|scope| {
        let shut = gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut running = Vec::new();
        let mut refused = None;
        for (signer, texts) in signers.iter_mut().zip(texts) {
            let (gate, stop) = (&gate, &stop);
            let run = move || {
                drop(gate.read());
                let run = sign_until(&mut **signer, texts, task, (most, room), stop);
                if run.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                run
            };
            match thread::Builder::new().spawn_scoped(scope, run) {
                Ok(thread) => running.push(thread),
                Err(cause) => {
                    stop.store(true, Ordering::Relaxed);
                    refused = Some(BenchError::NoThread(cause));
                    break;
                }
            }
        }
        drop(shut);
        let ended = running.into_iter().map(|thread| match thread.join() {
            Ok(run) => run,
            Err(_) => Err(BenchError::Panicked),
        });
        ended.chain(refused.map(Err)).collect()
    });
    let mut runs = outcomes.into_iter().collect::<Result<Vec<_>, _>>()?;
    if runs.iter().all(|run| run.made.is_empty()) {
        let answer = runs.iter_mut().find_map(|run| run.answer.take());
        return Err(answer.map_or(BenchError::NoSession, BenchError::Sign));
    }
    verify_all(&runs, &public_key, task.algorithm)?;
    summarise(&runs)
}

/// Asks for one signature at least, however long it takes.
fn sign_until(
    signer: &mut dyn Signer,
    mut texts: MeasuredTexts,
    task: Task,
    (most, room): (usize, usize),
    stop: &AtomicBool,
) -> Result<Run, BenchError> {
    let (mut busy, mut answered, mut made, mut bytes) = (0, None, Vec::new(), Vec::new());
    let begun = Instant::now();
    let mut ended = begun;
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let text = texts.number(number);
        let called = Instant::now();
        let answer = signer.sign(task.algorithm, text);
        ended = Instant::now();
        match answer {
            Ok(signature) => {
                bytes.extend_from_slice(&signature);
                made.push(Made {
                    number,
                    end: bytes.len(),
                    took: ended.duration_since(called),
                });
            }
            // The next text is another one: nothing is signed twice.
            Err(error) if signer.was_busy(&error) => {
                busy += 1;
                answered = Some(error);
                thread::sleep(AFTER_BUSY);
                ended = Instant::now();
            }
            Err(error) => return Err(BenchError::Sign(error)),
        }
        if ended.duration_since(begun) >= task.length || made.len() >= most || bytes.len() >= room {
            break;
        }
    }
    Ok(Run {
        texts,
        begun,
        ended,
        busy,
        answer: answered,
        made,
        bytes,
    })
}

/// Every signature, in as many threads as there are processors: this is not measured.
fn verify_all(runs: &[Run], key: &PublicKey, algorithm: SignatureAlgorithm) -> Result<(), BenchError> {
    let (next, bad) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            bad.fetch_add(run.count_bad(key, algorithm), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let helpers = thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(runs.len());
        let helpers = (1..helpers).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok());
        let helpers: Vec<_> = helpers.collect();
        work();
        let joined: Result<Vec<()>, _> = helpers.into_iter().map(|helper| helper.join()).collect();
        joined.map(drop).map_err(|_| BenchError::Panicked)
    })?;
    match bad.into_inner() {
        0 => Ok(()),
        bad => Err(BenchError::BadSignatures {
            algorithm,
            bad,
            of: runs.iter().map(|run| run.made.len()).sum(),
        }),
    }
}

impl Run {
    fn count_bad(&self, key: &PublicKey, algorithm: SignatureAlgorithm) -> usize {
        let (mut texts, mut start, mut bad) = (self.texts.clone(), 0, 0);
        for made in &self.made {
            let signature = self.bytes.get(start..made.end).unwrap_or_default();
            if key
                .verify(algorithm, texts.number(made.number), signature)
                .is_err()
            {
                bad += 1;
            }
            start = made.end;
        }
        bad
    }
}

fn summarise(runs: &[Run]) -> Result<Measured, BenchError> {
    let begun = runs.iter().map(|run| run.begun).min();
    let ended = runs.iter().map(|run| run.ended).max();
    let (Some(begun), Some(ended)) = (begun, ended) else {
        return Err(BenchError::NoSession);
    };
    let took = runs.iter().flat_map(|run| &run.made).map(|made| made.took);
    let latencies = Latencies::of(took).ok_or(BenchError::NoSession)?;
    Ok(Measured {
        signatures: runs.iter().map(|run| run.made.len()).sum(),
        busy: runs.iter().map(|run| run.busy).sum(),
        elapsed: ended.duration_since(begun),
        latencies,
    })
}
