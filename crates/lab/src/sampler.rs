//! Looks at everybody who takes part while a load runs: processor time, memory, open files, and what
//! the house counts about itself.

use crate::crew::Crew;
use crate::instance::cpu_seconds;
use crate::machine::{bytes_in, holdings, tree_cpu_seconds};
use crate::target::{As, Visit};
use crate::time::{Stopwatch, pause};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(500);
/// A house that does not answer is not waited for.
const PATIENCE: Duration = Duration::from_millis(400);

/// What of the figures of a house is kept; sums and counters, added up over the instances.
const KEPT: [&str; 13] = [
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
    "admitone_store_lock_waiting",
    "wr_overshoot_total",
];

/// One look. All but memory, files and disk count from the beginning of the process.
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
    /// What it counts.
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
    ended: Arc<AtomicBool>,
    looking: JoinHandle<Vec<Sample>>,
}

impl Sampler {
    pub(crate) fn start(watched: Watched, clock: Stopwatch) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ended);
        let looking = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return Vec::new() };
            runtime.block_on(look(&watched, clock, &until))
        });
        Self { ended, looking }
    }

    pub(crate) fn stop(self) -> Vec<Sample> {
        self.ended.store(true, Ordering::Relaxed);
        self.looking.join().unwrap_or_default()
    }
}

async fn look(watched: &Watched, clock: Stopwatch, ended: &AtomicBool) -> Vec<Sample> {
    let mut samples = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        samples.push(sample(watched, clock).await);
        pause(EVERY).await;
    }
    samples.push(sample(watched, clock).await);
    samples
}

async fn sample(watched: &Watched, clock: Stopwatch) -> Sample {
    let mut sample = Sample {
        at_ns: clock.ns(),
        generator_s: cpu_seconds(std::process::id()).unwrap_or(0.0),
        services_s: tree_cpu_seconds(&watched.services),
        ..Sample::default()
    };
    if let Some(crew) = &watched.crew {
        let (pids, data) = {
            let crew = crew.lock().unwrap_or_else(PoisonError::into_inner);
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
    for address in &watched.addresses {
        let asked = tokio::time::timeout(PATIENCE, figures(*address, &mut sample.figures));
        // One that is down counts nothing.
        drop(asked.await);
    }
    sample
}

async fn figures(address: SocketAddr, into: &mut BTreeMap<String, f64>) {
    let Ok(mut visit) = Visit::begin(address).await else { return };
    let Ok(answer) = visit.exchange("GET /metrics", As::Nobody, None, None).await else { return };
    let text = String::from_utf8_lossy(answer.body);
    read(&text, into);
}

/// Adds the figures that are kept to what is there.
fn read(text: &str, into: &mut BTreeMap<String, f64>) {
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let bare = name.split('{').next().unwrap_or(name);
        if let (true, Ok(value)) = (KEPT.contains(&bare), value.parse::<f64>()) {
            *into.entry(bare.to_owned()).or_default() += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_all_instances_and_labels_are_added_up() {
        let mut into = BTreeMap::new();
        let text = "# HELP x\nadmitone_commits_total 3\nother 9\nwr_overshoot_total{room=\"1\"} 2";
        read(text, &mut into);
        read(text, &mut into);
        assert_eq!(into.get("admitone_commits_total"), Some(&6.0));
        assert_eq!(into.get("wr_overshoot_total"), Some(&4.0));
        assert_eq!(into.len(), 2);
    }
}
