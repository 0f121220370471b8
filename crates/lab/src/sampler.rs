//! Looks at everybody who takes part while a load runs: processor time, memory, open files, and what
//! the house counts about itself.

use crate::crew::Crew;
use crate::instance::cpu_seconds;
use crate::machine::{bytes_in, holdings, tree_cpu_seconds};
use crate::target::{As, Visit};
use crate::time::{Stopwatch, nanos};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often it looks by itself.
const EVERY: Duration = Duration::from_millis(500);
/// A house that does not answer is not waited for.
const PATIENCE: Duration = Duration::from_millis(400);

/// What of the figures of a house is kept: what only grows, added up over the instances.
const KEPT: [&str; 12] = [
    "admitone_batch_commands_sum",
    "admitone_batch_commands_count",
    "admitone_commits_total",
    "admitone_commands_total",
    "admitone_conflicts_total",
    "admitone_lock_wait_seconds_sum",
    "admitone_lock_wait_seconds_count",
    "admitone_lock_hold_seconds_sum",
    "admitone_lock_hold_seconds_count",
    "admitone_locks_lost_total",
    "admitone_lock_fallbacks_total",
    "wr_overshoot_total",
];

/// One look. Processor seconds count from the beginning of a process.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sample {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// Processor seconds of the generator.
    pub generator_s: f64,
    /// Of the house, if it is one of ours.
    pub house_s: f64,
    /// Of its services, where they run on this machine.
    pub services_s: f64,
    /// Memory of the house in KiB.
    pub memory_kib: u64,
    /// Open files of the house: connections are files too.
    pub files: u64,
    /// Bytes in the directory of its data.
    pub disk_bytes: u64,
    /// What it counts, since it was looked at first.
    pub figures: BTreeMap<String, f64>,
}

/// Whom it looks at.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    pub(crate) crew: Option<Arc<Mutex<Crew>>>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) services: Vec<u32>,
}

/// Looks until it is stopped.
pub(crate) struct Sampler {
    asking: UnboundedSender<Ask>,
    looking: JoinHandle<Vec<Sample>>,
}

/// Who wants a look now, beside the usual times.
struct Ask {
    /// Nothing is said over it: whoever waits goes on when it is dropped.
    waiting: Sender<()>,
    /// When he wants another one, for which he does not wait.
    again_in: Option<Duration>,
}

/// So long a look is waited for: a house that is being started again is looked at when it is there.
const LOOK_MAX: Duration = Duration::from_secs(1);

impl Sampler {
    pub(crate) fn start(watched: Watched, clock: Stopwatch) -> Self {
        let (asking, asked) = unbounded_channel();
        let looking = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return Vec::new() };
            runtime.block_on(look(&watched, clock, asked))
        });
        Self { asking, looking }
    }

    /// Looks now, and waits for it: what an act cost is known where somebody looked when it began and when it
    /// was over, however short it was. What counts of it begins behind its warm-up: it looks again then.
    pub(crate) fn look(&self, again_in: Option<Duration>) {
        let (waiting, looked) = channel();
        // One that died looks no more, and nobody waits for it.
        if self.asking.send(Ask { waiting, again_in }).is_ok() {
            let _ = looked.recv_timeout(LOOK_MAX);
        }
    }

    pub(crate) fn stop(self) -> Vec<Sample> {
        drop(self.asking);
        self.looking.join().unwrap_or_default()
    }
}

async fn look(
    watched: &Watched,
    clock: Stopwatch,
    mut asked: UnboundedReceiver<Ask>,
) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut counted = vec![Counted::default(); watched.addresses.len()];
    let (mut waiting, mut again_ns) = (None, None);
    loop {
        samples.push(sample(watched, &mut counted, clock).await);
        drop(waiting.take());
        let left = |at_ns: u64| Duration::from_nanos(at_ns.saturating_sub(clock.ns()));
        let pause = again_ns.map_or(EVERY, |at_ns| left(at_ns).min(EVERY));
        match tokio::time::timeout(pause, asked.recv()).await {
            Err(_) => again_ns = again_ns.filter(|at_ns| *at_ns > clock.ns()),
            Ok(Some(ask)) => {
                waiting = Some(ask.waiting);
                again_ns = ask.again_in.map(|span| clock.ns() + nanos(span));
            }
            Ok(None) => break,
        }
    }
    samples.push(sample(watched, &mut counted, clock).await);
    samples
}

async fn sample(watched: &Watched, counted: &mut [Counted], clock: Stopwatch) -> Sample {
    let mut sample = Sample {
        at_ns: clock.ns(),
        generator_s: cpu_seconds(std::process::id()).unwrap_or(0.0),
        services_s: tree_cpu_seconds(&watched.services),
        ..Sample::default()
    };
    if let Some(crew) = &watched.crew {
        let (pids, data) = {
            let mut crew = crew.lock().unwrap_or_else(PoisonError::into_inner);
            crew.notice();
            (crew.pids(), crew.data())
        };
        for pid in pids {
            sample.house_s += cpu_seconds(pid).unwrap_or(0.0);
            let (memory_kib, files) = holdings(pid).unwrap_or_default();
            sample.memory_kib += memory_kib;
            sample.files += files;
        }
        sample.disk_bytes = bytes_in(&data);
    }
    for (address, counted) in watched.addresses.iter().zip(counted) {
        let asked = tokio::time::timeout(PATIENCE, figures(*address));
        counted.hear(asked.await.ok().flatten());
        counted.add_to(&mut sample.figures);
    }
    sample
}

/// What an instance counted until now. One that does not answer in time has not uncounted anything: it
/// stands where it stood.
#[derive(Debug, Clone, Default)]
struct Counted {
    /// What it said last; nothing before its first answer.
    said: Option<Figures>,
    /// Over all its lives.
    all: Figures,
}

type Figures = BTreeMap<String, f64>;

impl Counted {
    /// Goes on with what it says now.
    fn hear(&mut self, said: Option<Figures>) {
        let Some(now) = said else { return };
        // Who was not there at the first look would else count all that it ever did at the second.
        let before = self.said.take().unwrap_or_else(|| now.clone());
        let names = before.keys().chain(now.keys());
        for name in names.collect::<BTreeSet<_>>() {
            let [before, now] = [&before, &now].map(|all| all.get(name).copied().unwrap_or(0.0));
            // What falls was started again, and counts from nothing.
            let more = if now < before { now } else { now - before };
            *self.all.entry(name.clone()).or_default() += more;
        }
        self.said = Some(now);
    }

    fn add_to(&self, sum: &mut Figures) {
        for (name, value) in &self.all {
            *sum.entry(name.clone()).or_default() += value;
        }
    }
}

/// What an instance says that it counted; nothing of one that does not answer.
async fn figures(address: SocketAddr) -> Option<Figures> {
    let mut visit = Visit::begin(address).await.ok()?;
    let answer = visit.exchange("GET /metrics", As::Nobody, None, None).await.ok()?;
    Some(read(&String::from_utf8_lossy(answer.body)))
}

/// The figures that are kept, added up over their labels.
fn read(text: &str) -> Figures {
    let mut figures = Figures::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let bare = name.split('{').next().unwrap_or(name);
        if let (true, Ok(value)) = (KEPT.contains(&bare), value.parse::<f64>()) {
            *figures.entry(bare.to_owned()).or_default() += value;
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_a_look_waits_until_it_is_taken() {
        let clock = Stopwatch::start();
        let sampler = Sampler::start(Watched::default(), clock);
        let between = [(); 2].map(|()| {
            let before = clock.ns();
            sampler.look(None);
            (before, clock.ns())
        });
        let taken = sampler.stop();
        for (before, behind) in between {
            let looks = || taken.iter().map(|sample| sample.at_ns);
            assert!(looks().any(|at_ns| (before..=behind).contains(&at_ns)), "{taken:?}");
        }
    }

    #[test]
    fn figures_with_labels_are_added_up() {
        let text = "# HELP x\nadmitone_commits_total 3\nother 9\nwr_overshoot_total{room=\"1\"} 2\n\
                    wr_overshoot_total{room=\"2\"} 5";
        let figures = read(text);
        assert_eq!(figures.get("admitone_commits_total"), Some(&3.0));
        assert_eq!(figures.get("wr_overshoot_total"), Some(&7.0));
        assert_eq!(figures.len(), 2);
    }

    #[test]
    fn who_does_not_answer_or_is_started_again_takes_nothing_back() {
        let mut both = [Counted::default(), Counted::default()];
        let mut look = |said: [Option<f64>; 2]| {
            let mut sum = Figures::new();
            for (counted, said) in both.iter_mut().zip(said) {
                counted.hear(said.map(|count| read(&format!("admitone_commits_total {count}"))));
                counted.add_to(&mut sum);
            }
            sum.get("admitone_commits_total").copied()
        };
        assert_eq!(look([Some(1_000.0), None]), Some(0.0));
        assert_eq!(look([Some(1_010.0), Some(5_000.0)]), Some(10.0), "5,000 were before");
        assert_eq!(look([None, Some(5_001.0)]), Some(11.0), "it stands where it stood");
        assert_eq!(look([Some(1_030.0), None]), Some(31.0));
        assert_eq!(look([Some(7.0), Some(5_002.0)]), Some(39.0), "it counts from nothing again");
    }
}
