//! A first look: what `--quick` does where nothing is run.

use super::{REPORTS, lab, sound, text};
use serde_json::Value;
use std::path::Path;

fn read(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

#[test]
fn the_list_is_kept_and_shows_quick_runs_alone_if_that_is_asked() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let printed = String::from_utf8(lab(&["list", "--out", directory]).stdout).unwrap();
    assert_eq!(text(&out.path().join("workloads.txt")), printed);
    assert!(printed.contains("    --set seconds=5 (quick "), "{printed}");
    let all = read(&out.path().join("workloads.json"));
    assert_eq!(sound(&["list", "--json"]), all);

    let quick = String::from_utf8(lab(&["list", "--quick"]).stdout).unwrap();
    assert!(!quick.contains("(quick "), "{quick}");
    let few = sound(&["list", "--quick", "--json", "--out", directory]);
    assert_eq!(read(&out.path().join("workloads.json")), few);
    let parameters = |list: &Value| -> Vec<Value> {
        let workloads = list["workloads"].as_array().unwrap().iter();
        workloads.flat_map(|one| one["parameters"].as_array().unwrap().clone()).collect()
    };
    let (all, few) = (parameters(&all), parameters(&few));
    assert!(all.len() > 30 && all.len() == few.len(), "{} {}", all.len(), few.len());
    for (one, quick) in all.iter().zip(&few) {
        assert_eq!((&one["name"], &one["quick"]), (&quick["name"], &quick["quick"]));
        assert!(one["usual"].is_u64() && quick.get("usual").is_none(), "{quick}");
    }
}

#[test]
fn a_quick_replay_audits_one_run_and_leaves_the_reports_of_all_as_they_are() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["--set", "count=50", "--set", "users=4", "--runs", "2", "--json"];
    sound(&[&["run", "cash", "--quick", "--out", directory], &few[..]].concat());
    let runs = |report: &Value| report["runs"].as_array().unwrap().len();
    let before = REPORTS.map(|name| text(&out.path().join(name)));
    assert_eq!(runs(&sound(&["replay", directory, "--quick", "--json"])), 1);
    assert_eq!(REPORTS.map(|name| text(&out.path().join(name))), before);
    let elsewhere = out.path().join("elsewhere");
    sound(&["replay", directory, "--quick", "--json", "--out", elsewhere.to_str().unwrap()]);
    assert_eq!(runs(&read(&elsewhere.join("report.json"))), 1);
    // Without it all runs are audited, and their reports are written where they are.
    std::fs::remove_file(out.path().join("report.md")).unwrap();
    assert_eq!(runs(&sound(&["replay", directory, "--json"])), 2);
    assert_eq!(runs(&read(&out.path().join("report.json"))), 2);
    assert!(!text(&out.path().join("report.md")).is_empty());
    // Where nothing is audited it is taken and changes nothing.
    for words in
        [&["report", directory, "--json"][..], &["compare", directory, directory, "--json"]]
    {
        assert_eq!(sound(words), sound(&[words, &["--quick"]].concat()), "{words:?}");
    }
}
