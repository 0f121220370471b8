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
use std::path::{Path, PathBuf};

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
    /// Within what each act was sent, by its place, where it counts no longer than something was for
    /// sale: what failed behind that has failed all the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sent: BTreeMap<usize, Window>,
}

impl Seen {
    /// Instances that ended without being asked to stand among the faults, and no house of theirs ended
    /// well.
    pub(crate) fn add_fallen(&mut self, fallen: Vec<Happened>) {
        if !fallen.is_empty() {
            self.ended_well = Some(false);
        }
        self.faults.extend(fallen);
        self.faults.sort_by_key(|fault| fault.at_ns);
    }

    /// Within what the outcomes of an act are counted, and not only what is divided by time.
    pub fn sent(&self, at: usize, act: &Played) -> Window {
        self.sent.get(&at).copied().unwrap_or(act.window)
    }
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

/// What a run leaves in its directory.
const FILES: [&str; 4] = ["run.json", "history.bin", "state.json", "history.jsonl"];

impl Record {
    /// Keeps what was sent and seen, of which the state is not known yet.
    pub fn keep_course(&self, directory: &Path) -> Result<(), Trouble> {
        self.keep_seen(directory)?;
        file::write(&directory.join("history.bin"), &self.history)
    }

    /// Keeps what was there afterwards.
    pub fn keep_state(&self, directory: &Path) -> Result<(), Trouble> {
        write(&directory.join("state.json"), &self.state)
    }

    /// Keeps what was run where and what was seen.
    pub fn keep_seen(&self, directory: &Path) -> Result<(), Trouble> {
        let doing = format!("keeping the run in {}", directory.display());
        std::fs::create_dir_all(directory).map_err(Trouble::system(&*doing))?;
        let kept = Kept { head: self.head.clone(), seen: self.seen.clone() };
        write(&directory.join("run.json"), &kept)
    }

    /// Reads one that was kept.
    pub fn read(directory: &Path) -> Result<Self, Trouble> {
        let Kept { head, seen } = read(&directory.join("run.json"))?;
        let state = read(&directory.join("state.json"))?;
        let history = file::read(&directory.join("history.bin"))?;
        Ok(Self { head, history, state, seen })
    }
}

/// The directory of one of several runs.
pub fn place_of(out: &Path, number: usize) -> PathBuf {
    out.join(format!("run-{number}"))
}

/// Whether a run is kept in a directory, whatever is missing of it.
pub fn is_kept(directory: &Path) -> bool {
    directory.join(FILES[0]).is_file()
}

/// Whether it can be audited: one whose house could not be read has no state.
pub fn is_whole(directory: &Path) -> bool {
    FILES[..3].iter().all(|name| directory.join(name).is_file())
}

/// Takes away the runs that an earlier command left, and the forms of its report: they are none of the next
/// one. What else lies in their directories stays.
pub fn clear_runs(out: &Path, forms: &[&str]) -> Result<(), Trouble> {
    let doing = || Trouble::system(format!("clearing {}", out.display()));
    for form in forms.iter().map(|form| out.join(form)).filter(|form| form.is_file()) {
        std::fs::remove_file(form).map_err(doing())?;
    }
    for entry in std::fs::read_dir(out).map_err(doing())?.flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("run-")?.parse().ok());
        let is_run = number.is_some_and(|number| entry.path() == place_of(out, number));
        // A link leads to something else, which was not made here.
        let is_here = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_run || !is_here || !is_ours(&entry.path()) {
            continue;
        }
        for file in FILES.map(|file| entry.path().join(file)) {
            if file.is_file() {
                std::fs::remove_file(&file).map_err(doing())?;
            }
        }
        // One in which somebody has put something else is not empty, and stays.
        drop(std::fs::remove_dir(entry.path()));
    }
    Ok(())
}

/// Whether a run of the laboratory is kept in a directory, of whatever version.
fn is_ours(directory: &Path) -> bool {
    let kept = read::<serde_json::Value>(&directory.join(FILES[0]));
    kept.is_ok_and(|kept| kept["head"]["workload"].is_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_an_earlier_command_are_taken_away_and_nothing_else_is() {
        let out = tempfile::tempdir().unwrap();
        let file = |path: &str| {
            let path = out.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, r#"{"head":{"workload":"cash"}}"#).unwrap();
        };
        let left = [
            "run-2/notes",
            "run-3/theirs",
            "run-x/run.json",
            "run-007/run.json",
            "archive/run.json",
            "report.txt",
        ];
        let ours = [
            "run-1/run.json",
            "run-1/history.bin",
            "run-2/run.json",
            "run-2/state.json",
            "report.md",
        ];
        left.iter().chain(&ours).for_each(|path| file(path));
        let (link, other) = (out.path().join("run-8"), out.path().join("run-9/run.json"));
        std::os::unix::fs::symlink(out.path().join("archive"), &link).unwrap();
        std::fs::create_dir_all(other.parent().unwrap()).unwrap();
        std::fs::write(&other, "of somebody else").unwrap();
        clear_runs(out.path(), &["report.md"]).unwrap();
        assert!(link.join("run.json").is_file() && other.is_file());
        let is_there = |path: &&str| out.path().join(path).exists();
        assert!(left.iter().all(&is_there));
        assert!(!ours.iter().any(&is_there) && !is_there(&"run-1"));
    }
}
