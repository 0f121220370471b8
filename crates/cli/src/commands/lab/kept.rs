//! What an earlier command kept, and why it is not what is wanted, if it is not.

use crate::exit::{Failed, failed};
use crate::voice;
use admitone_lab::record::{Record, is_kept, is_whole, place_of, read};
use admitone_lab::reports::Report;
use std::path::{Path, PathBuf};

const REPORT: &str = "report.json";

/// The kept runs of a directory, in their order, with their places; so many at most. Behind one whose
/// house could not be read nothing was played.
pub(super) fn records(directory: &Path, most: usize) -> Result<Vec<(PathBuf, Record)>, Failed> {
    let mut found = Vec::new();
    for number in 1..=most {
        let run = place_of(directory, number);
        if !is_kept(&run) {
            break;
        }
        if !is_whole(&run) {
            let shown = run.display();
            if found.is_empty() {
                let why = "its house could not be read when it was over, or a file of it is missing: \
                           nothing of it can be audited, run it again";
                return Err(failed(&shown.to_string())(why));
            }
            voice::aside(format_args!(
                "admitone: {shown} has no final state, and is no part of this"
            ));
            break;
        }
        found.push((run.clone(), Record::read(&run)?));
    }
    if found.is_empty() {
        if !is_kept(directory) {
            return Err(missing(directory, "no run to audit"));
        }
        found.push((directory.to_owned(), Record::read(directory)?));
    }
    Ok(found)
}

/// The report of a directory, or that of a file.
pub(super) fn report(place: &Path) -> Result<Report, Failed> {
    // Whatever is no directory may be read, as a pipe may.
    let is_directory = place.is_dir() || !place.exists();
    let path = if is_directory { place.join(REPORT) } else { place.to_owned() };
    if !path.exists() {
        return Err(missing(place, "no report"));
    }
    Ok(read(&path)?)
}

/// Why something is not in a directory, and what to do.
fn missing(directory: &Path, what: &str) -> Failed {
    let shown = directory.display();
    let why = if !directory.exists() {
        "it is not there; give what `--out` was of an `admitone lab run`".to_owned()
    } else if directory.join("matrix.json").is_file() || directory.join("cells").is_dir() {
        format!(
            "it is a matrix, with {what} of its own: `admitone lab publish {shown}` makes its pages, and \
             `report` and `compare` take one of its cells, as {shown}/cells/WORKLOAD/CELL; a matrix keeps \
             no histories, so there is nothing to replay"
        )
    } else if what == "no report" && is_kept(&place_of(directory, 1)) {
        format!("there is {what} of its runs yet: `admitone lab replay {shown}` makes it")
    } else {
        format!("there is {what} in it; give what `--out` was of an `admitone lab run`")
    };
    failed(&shown.to_string())(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_the_wrong_directory_is_told_what_it_is_and_what_to_give() {
        let place = tempfile::tempdir().unwrap();
        let told = |directory: &Path| {
            let [audit, report] =
                [records(directory, usize::MAX).map(drop), report(directory).map(drop)];
            [audit, report].map(|said| said.unwrap_err().to_string())
        };
        for said in told(&place.path().join("nowhere")) {
            assert!(said.contains("not there") && said.contains("`--out`"), "{said}");
        }
        for said in told(place.path()) {
            assert!(said.contains("in it; give what `--out`"), "{said}");
        }
        let run = place.path().join("run-1");
        std::fs::create_dir(&run).unwrap();
        std::fs::write(run.join("run.json"), "{}").unwrap();
        let [audit, report] = told(place.path());
        assert!(audit.contains("could not be read") && audit.contains("run it again"), "{audit}");
        assert!(report.contains("`admitone lab replay"), "{report}");
        std::fs::remove_dir_all(&run).unwrap();
        std::fs::create_dir(place.path().join("cells")).unwrap();
        for said in told(place.path()) {
            assert!(said.contains("it is a matrix") && said.contains("/cells/"), "{said}");
        }
    }
}
