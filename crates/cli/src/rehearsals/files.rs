//! What is kept of rehearsals: a directory for each, with what it was, what came of it, and the
//! laboratory's report.

use super::trouble;
use admitone_app::Trouble;
use admitone_app::ports::rehearsals::{Arrivals, Plan, Rehearsal, Stage};
use admitone_domain::Moment;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What is for sale in one.
pub(super) const PROGRAMME: &str = "programme.json";
const ABOUT: &str = "about.json";
const REPORT: &str = "report.html";
/// What stays of one that is over.
const KEPT: [&str; 4] = [PROGRAMME, ABOUT, REPORT, "report.json"];
/// So many are kept.
const KEPT_MAX: usize = 20;

/// Where they are.
pub(super) struct Shelf(pub(super) PathBuf);

/// What is written of one.
#[derive(Serialize, Deserialize)]
struct About {
    title: String,
    buyers: u32,
    seconds: u32,
    arrivals: String,
    by: String,
    began_us: i64,
    /// What came of it; nothing while it goes on.
    ended: Option<Ended>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Sound,
    Unsound,
    Stopped,
    Failed(String),
}

/// The name of one that begins now: those that began later come later.
pub(super) fn id_of(now: Moment) -> String {
    format!("drill_{:014}", now.0 / 1_000)
}

/// Whether it can be the name of one: it becomes a part of a path.
fn is_id(id: &str) -> bool {
    id.strip_prefix("drill_").is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl Shelf {
    /// Makes the directory of a new one; of the old ones only the newest stay.
    pub(super) fn begin(&self, id: &str, plan: &Plan, now: Moment) -> Result<PathBuf, Trouble> {
        let directory = self.0.join(id);
        fs::create_dir_all(&directory).map_err(trouble)?;
        for old in self.ids()?.iter().skip(KEPT_MAX) {
            drop(fs::remove_dir_all(self.0.join(old)));
        }
        let programme = serde_json::to_vec(&plan.programme).map_err(trouble)?;
        fs::write(directory.join(PROGRAMME), programme).map_err(trouble)?;
        let about = About {
            title: plan.title.clone(),
            buyers: plan.buyers,
            seconds: plan.seconds,
            arrivals: plan.arrivals.name().to_owned(),
            by: plan.by.clone(),
            began_us: now.0,
            ended: None,
        };
        write(&directory, &about)?;
        Ok(directory)
    }

    /// Writes down what came of one, and removes what only the laboratory needs.
    pub(super) fn end(&self, id: &str, stage: &Stage) -> Result<(), Trouble> {
        let directory = self.0.join(id);
        let ended = match stage {
            Stage::Sound => Ended::Sound,
            Stage::Unsound => Ended::Unsound,
            Stage::Stopped => Ended::Stopped,
            Stage::Failed(why) | Stage::Running(why) => Ended::Failed(why.clone()),
        };
        write(&directory, &About { ended: Some(ended), ..read(&directory)? })?;
        for entry in fs::read_dir(&directory).map_err(trouble)?.flatten() {
            if KEPT.iter().any(|kept| entry.file_name() == *kept) {
                continue;
            }
            let path = entry.path();
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(trouble)?;
        }
        Ok(())
    }

    /// All of them, the newest first; given the one that goes on and what it says.
    pub(super) fn all(
        &self,
        running: Option<&(String, String)>,
    ) -> Result<Vec<Rehearsal>, Trouble> {
        let mut all = Vec::new();
        for id in self.ids()? {
            // One that was cut off before it was written down is none.
            let Ok(about) = read(&self.0.join(&id)) else { continue };
            let says = running.filter(|(running, _)| *running == id).map(|(_, says)| says.clone());
            let stage = match (about.ended, says) {
                (_, Some(says)) => Stage::Running(says),
                (Some(Ended::Sound), None) => Stage::Sound,
                (Some(Ended::Unsound), None) => Stage::Unsound,
                (Some(Ended::Stopped), None) => Stage::Stopped,
                (Some(Ended::Failed(why)), None) => Stage::Failed(why),
                (None, None) => Stage::Failed(String::new()),
            };
            all.push(Rehearsal {
                id,
                title: about.title,
                buyers: about.buyers,
                seconds: about.seconds,
                arrivals: Arrivals::named(&about.arrivals).unwrap_or(Arrivals::Evenly),
                by: about.by,
                began_at: Moment(about.began_us),
                stage,
            });
        }
        Ok(all)
    }

    /// The report of one; none where there is none.
    pub(super) fn report(&self, id: &str) -> Result<Option<String>, Trouble> {
        if !is_id(id) {
            return Ok(None);
        }
        match fs::read_to_string(self.0.join(id).join(REPORT)) {
            Ok(page) => Ok(Some(page)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(trouble(error)),
        }
    }

    /// Their names, the newest first.
    fn ids(&self) -> Result<Vec<String>, Trouble> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(trouble(error)),
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut ids: Vec<String> = names.filter(|name| is_id(name)).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }
}

fn read(directory: &Path) -> Result<About, Trouble> {
    let text = fs::read(directory.join(ABOUT)).map_err(trouble)?;
    serde_json::from_slice(&text).map_err(trouble)
}

fn write(directory: &Path, about: &About) -> Result<(), Trouble> {
    let text = serde_json::to_vec(about).map_err(trouble)?;
    fs::write(directory.join(ABOUT), text).map_err(trouble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::import::Document;

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
    fn what_came_of_each_is_kept_and_the_oldest_go() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf(directory.path().join("drills"));
        assert!(shelf.all(None).unwrap().is_empty());
        let ids: Vec<String> = (1..=25).map(|at| id_of(Moment(at * 1_000))).collect();
        for id in &ids {
            shelf.begin(id, &plan(), Moment(1)).unwrap();
        }
        let newest = ids.last().unwrap();
        let place = shelf.0.join(newest);
        fs::write(place.join(REPORT), "<p>").unwrap();
        fs::create_dir(place.join("run-1")).unwrap();
        shelf.end(newest, &Stage::Unsound).unwrap();
        let running = (ids[23].clone(), "it goes on".to_owned());
        let all = shelf.all(Some(&running)).unwrap();
        assert_eq!(all.len(), KEPT_MAX);
        let stages: Vec<&Stage> = all.iter().map(|one| &one.stage).take(3).collect();
        let expected = [
            &Stage::Unsound,
            &Stage::Running("it goes on".into()),
            // Its house was ended before it.
            &Stage::Failed(String::new()),
        ];
        assert_eq!(stages, expected);
        assert_eq!(shelf.report(newest).unwrap().as_deref(), Some("<p>"));
        assert!(!place.join("run-1").exists());
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf(directory.path().join("drills"));
        fs::create_dir_all(&shelf.0).unwrap();
        fs::write(directory.path().join(REPORT), "secret").unwrap();
        for id in ["..", "drill_", "drill_1/../..", "/", ""] {
            assert_eq!(shelf.report(id).unwrap(), None, "{id}");
        }
    }
}
