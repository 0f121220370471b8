//! Where a rehearsal is played: a directory for as long as it goes on, with what is for sale and what the
//! laboratory leaves there. What is remembered of it afterwards is in the store.

use super::trouble;
use admitone_app::Trouble;
use admitone_app::ports::rehearsals::{Plan, Report};
use std::fs;
use std::path::{Path, PathBuf};

/// What is for sale in one.
pub(super) const PROGRAMME: &str = "programme.json";
const PAGE: &str = "report.html";
const FIGURES: &str = "report.json";

/// Where they are.
pub(super) struct Shelf(pub(super) PathBuf);

impl Shelf {
    /// Makes the directory of one. What an instance that was killed left here is removed: one is
    /// played at a time.
    pub(super) fn set(&self, id: &str, plan: &Plan) -> Result<PathBuf, Trouble> {
        if self.0.exists() {
            fs::remove_dir_all(&self.0).map_err(trouble)?;
        }
        let directory = self.0.join(id);
        fs::create_dir_all(&directory).map_err(trouble)?;
        let programme = serde_json::to_vec(&plan.programme).map_err(trouble)?;
        fs::write(directory.join(PROGRAMME), programme).map_err(trouble)?;
        Ok(directory)
    }

    /// The report that the laboratory left, if it came to one.
    pub(super) fn report(&self, id: &str) -> Option<Report> {
        let read = |name| fs::read_to_string(self.0.join(id).join(name)).ok();
        Some(Report { page: read(PAGE)?, figures: read(FIGURES)? })
    }

    /// Removes the directory of one.
    pub(super) fn clear(&self, id: &str) {
        remove(&self.0.join(id));
    }
}

fn remove(directory: &Path) {
    if let Err(error) = fs::remove_dir_all(directory) {
        tracing::warn!(%error, "what a rehearsal left was not removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::import::Document;
    use admitone_app::ports::rehearsals::Arrivals;

    #[test]
    fn nothing_stays_of_what_was_played() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf(directory.path().join("drills"));
        let plan = Plan {
            programme: Document::default(),
            buyers: 10,
            seconds: 5,
            arrivals: Arrivals::AtOnce,
            title: "Winter".into(),
            by: "Opal".into(),
        };
        let first = shelf.set("drill_1", &plan).unwrap();
        fs::create_dir(first.join("run-1")).unwrap();
        let second = shelf.set("drill_2", &plan).unwrap();
        assert!(!first.exists(), "an instance was killed in the middle of it");
        assert_eq!(shelf.report("drill_2"), None);
        fs::write(second.join(PAGE), "<p>").unwrap();
        fs::write(second.join(FIGURES), "{}").unwrap();
        let report = Report { page: "<p>".into(), figures: "{}".into() };
        assert_eq!(shelf.report("drill_2"), Some(report));
        shelf.clear("drill_2");
        assert!(!second.exists());
    }
}
