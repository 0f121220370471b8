//! What was observed of which cells, so that a run of all of them that is interrupted goes on where
//! it was: with the same program only, and until it is whole.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

/// The lines of a run, by cell.
pub(crate) struct Progress {
    path: PathBuf,
    lines: Mutex<BTreeMap<String, String>>,
}

impl Progress {
    /// Goes on where a run of this name with the same program was interrupted.
    pub(crate) fn of(name: &str) -> Self {
        let program = std::fs::metadata(env!("CARGO_BIN_EXE_admitone")).unwrap();
        let built = program.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{built}.lines"));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let lines = lines.map(|(cell, line)| (cell.to_owned(), line.to_owned())).collect();
        Self { path, lines: Mutex::new(lines) }
    }

    /// Whether a cell was observed.
    pub(crate) fn has(&self, cell: &str) -> bool {
        self.lines.lock().unwrap().contains_key(cell)
    }

    /// Writes down what was observed of a cell.
    pub(crate) fn note(&self, cell: String, line: String) {
        let mut lines = self.lines.lock().unwrap();
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.path);
        writeln!(file.unwrap(), "{cell}\t{line}").unwrap();
        lines.insert(cell, line);
    }

    /// All lines of a run that is whole; the next one begins anew.
    pub(crate) fn end(self) -> Vec<String> {
        let _ = std::fs::remove_file(self.path);
        self.lines.into_inner().unwrap().into_values().collect()
    }
}
