//! A run that is kept: what was run where, its history, what was there afterwards, and what was
//! seen meanwhile. Every report can be made of it again.
//!
//! A directory with `run.json`, `history.bin` (see `history/file.rs`) and `state.json`.

use crate::Trouble;
use crate::faults::Happened;
use crate::history::{History, Op, Window, file};
use crate::machine::Machine;
use crate::sampler::Sample;
use crate::state::State;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A run.
#[derive(Debug, Clone)]
pub struct Record {
    /// What was run where.
    pub head: Head,
    /// What was asked and answered. Its window is the whole run.
    pub history: History,
    /// What was there afterwards.
    pub state: State,
    /// What was seen meanwhile.
    pub seen: Seen,
}

/// What was run where: all that a figure needs beside it to mean anything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    /// The workload.
    pub workload: String,
    /// What it does.
    pub about: String,
    /// Where it comes from.
    pub origin: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, u64>,
    /// For what is random.
    pub seed: u64,
    /// How the house settled commands.
    pub strategy: String,
    /// The kind of store.
    pub store: String,
    /// How many instances.
    pub instances: usize,
    /// How many threads sent.
    pub threads: usize,
    /// Versions: of admitone, and of the services it used.
    pub versions: BTreeMap<String, String>,
    /// The machine.
    pub machine: Machine,
    /// What limited the figures, by the way the run was made.
    pub limits: Vec<String>,
    /// The command that repeats it.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub began_s: u64,
}

/// What was seen while a run was made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The acts, in their order.
    pub acts: Vec<Played>,
    /// Everybody who took part, now and then.
    pub samples: Vec<Sample>,
    /// Faults, when they happened.
    pub faults: Vec<Happened>,
    /// Whether the house ended well; nothing of a house elsewhere.
    pub ended_well: Option<bool>,
    /// What is missing because somebody ended it early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
}

/// An act that was played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// How it was sent, in words.
    pub pace: String,
    /// Whether the house could not slow down what was sent: then latency says something.
    pub is_open: bool,
    /// How many connections.
    pub users: usize,
    /// What of the history counts.
    pub window: Window,
    /// When it was over, answers waited for.
    pub ended_ns: u64,
    /// What is counted.
    pub measured: Op,
    /// What should be reached: figure and bound.
    pub goals: Vec<(String, f64)>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    head: Head,
    seen: Seen,
}

impl Record {
    /// Keeps it.
    pub fn keep(&self, directory: &Path) -> Result<(), Trouble> {
        let doing = format!("keeping the run in {}", directory.display());
        std::fs::create_dir_all(directory).map_err(Trouble::system(&*doing))?;
        let kept = Kept { head: self.head.clone(), seen: self.seen.clone() };
        write(&directory.join("run.json"), &kept)?;
        write(&directory.join("state.json"), &self.state)?;
        file::write(&directory.join("history.bin"), &self.history)
    }

    /// Reads one that was kept.
    pub fn read(directory: &Path) -> Result<Self, Trouble> {
        let Kept { head, seen } = read(&directory.join("run.json"))?;
        let state = read(&directory.join("state.json"))?;
        let history = file::read(&directory.join("history.bin"))?;
        Ok(Self { head, history, state, seen })
    }
}

/// Writes something as JSON.
pub(crate) fn write(path: &Path, what: &impl Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_vec_pretty(what).map_err(|error| unreadable(path, &error))?;
    std::fs::write(path, text).map_err(Trouble::system(format!("writing {}", path.display())))
}

/// Reads something as JSON.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Trouble> {
    let text = std::fs::read(path);
    let text = text.map_err(Trouble::system(format!("reading {}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &serde_json::Error) -> Trouble {
    Trouble::Impossible(format!("{}: {error}", path.display()))
}
