//! Where a rehearsal is played: a directory for as long as it goes on, with what is for sale and what the
//! laboratory leaves there. What is remembered of it afterwards is in the store.

use super::trouble;
use admitone_app::Trouble;
use admitone_app::ports::rehearsals::{Plan, Report};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What is for sale in one.
pub(super) const PROGRAMME: &str = "programme.json";
const PAGE: &str = "report.html";
const FIGURES: &str = "report.json";

/// Where they are. Several houses may have their rehearsals in one place.
pub(super) struct Shelf {
    directory: PathBuf,
    /// Which one this process plays, and what says that it is still at it: the system lets go of that
    /// with the process, however it ends.
    alive: Mutex<Option<(String, File)>>,
}

impl Shelf {
    pub(super) fn at(directory: PathBuf) -> Self {
        Self { directory, alive: Mutex::default() }
    }

    /// Makes the directory of one. What a process left that was killed is removed; what another one
    /// plays right now is not.
    pub(super) fn set(&self, id: &str, plan: &Plan) -> Result<PathBuf, Trouble> {
        fs::create_dir_all(&self.directory).map_err(trouble)?;
        self.remove_the_dead();
        // Before the directory is there, so that nobody finds it without.
        let alive = File::create(self.lock(id)).map_err(trouble)?;
        alive.try_lock().map_err(trouble)?;
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = Some((id.to_owned(), alive));
        let directory = self.directory.join(id);
        fs::create_dir(&directory).map_err(trouble)?;
        let programme = serde_json::to_vec(&plan.programme).map_err(trouble)?;
        fs::write(directory.join(PROGRAMME), programme).map_err(trouble)?;
        Ok(directory)
    }

    /// Removes the directories of those that nobody plays any more.
    fn remove_the_dead(&self) {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        for left in entries.map(|entry| entry.path()).filter(|path| path.is_dir()) {
            let Some(id) = left.file_name().and_then(|name| name.to_str()) else { continue };
            let is_played = File::open(self.lock(id)).is_ok_and(|lock| lock.try_lock().is_err());
            if !is_played {
                remove(&left);
                drop(fs::remove_file(self.lock(id)));
            }
        }
    }

    /// The file that whoever plays one has locked.
    fn lock(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.lock"))
    }

    /// The report that the laboratory left, if it came to one.
    pub(super) fn report(&self, id: &str) -> Option<Report> {
        let read = |name| fs::read_to_string(self.directory.join(id).join(name)).ok();
        Some(Report { page: read(PAGE)?, figures: read(FIGURES)? })
    }

    /// Removes the directory of one. The next one may have been begun meanwhile: its lock is kept.
    pub(super) fn clear(&self, id: &str) {
        remove(&self.directory.join(id));
        drop(fs::remove_file(self.lock(id)));
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        drop(alive.take_if(|(played, _)| played == id));
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

    fn plan() -> Plan {
        Plan {
            programme: Document::default(),
            buyers: 10,
            seconds: 5,
            arrivals: Arrivals::AtOnce,
            title: "Winter".into(),
            by: "Opal".into(),
        }
    }

    #[test]
    fn nothing_stays_of_what_was_played() {
        let directory = tempfile::tempdir().unwrap();
        let drills = directory.path().join("drills");
        let killed = Shelf::at(drills.clone());
        let first = killed.set("drill_1", &plan()).unwrap();
        fs::create_dir(first.join("run-1")).unwrap();
        // The system lets go of what a process had when it ends.
        drop(killed);
        let shelf = Shelf::at(drills.clone());
        let second = shelf.set("drill_2", &plan()).unwrap();
        assert!(!first.exists(), "an instance was killed in the middle of it");
        assert_eq!(shelf.report("drill_2"), None);
        fs::write(second.join(PAGE), "<p>").unwrap();
        fs::write(second.join(FIGURES), "{}").unwrap();
        let report = Report { page: "<p>".into(), figures: "{}".into() };
        assert_eq!(shelf.report("drill_2"), Some(report));
        shelf.clear("drill_2");
        assert_eq!(fs::read_dir(&drills).unwrap().count(), 0);
    }

    #[test]
    fn what_another_house_plays_in_the_same_place_is_left_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let [here, there] = [1, 2].map(|_| Shelf::at(directory.path().join("drills")));
        let theirs = there.set("drill_1", &plan()).unwrap();
        let ours = here.set("drill_2", &plan()).unwrap();
        assert!(theirs.join(PROGRAMME).exists() && ours.join(PROGRAMME).exists());
        here.clear("drill_2");
        assert!(theirs.join(PROGRAMME).exists() && !ours.exists());
        // Nor is that one which was begun before the last one was cleared away.
        let next = here.set("drill_4", &plan()).unwrap();
        here.clear("drill_2");
        there.remove_the_dead();
        assert!(next.exists());
        here.clear("drill_4");
        // Without its lock it would be taken for what a dead one left.
        fs::remove_file(there.lock("drill_1")).unwrap();
        here.set("drill_3", &plan()).unwrap();
        assert!(!theirs.exists());
    }
}
