//! What is kept of a run, and what is said of it when some is missing.

use super::{lab, sound, text};
use serde_json::Value;

#[test]
fn a_tampered_state_is_convicted_when_it_is_replayed() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["--set", "count=50", "--json", "--out", directory];
    sound(&[&["run", "cash", "--quick"], &few[..]].concat());
    let path = out.path().join("run-1/state.json");
    let mut state: Value = serde_json::from_str(&text(&path)).unwrap();
    let balance = state["wallets"][0]["balance"].as_i64().unwrap();
    state["wallets"][0]["balance"] = (balance - 1).into();
    std::fs::write(&path, state.to_string()).unwrap();
    let ran = lab(&["replay", directory]);
    assert_eq!(ran.status.code(), Some(1));
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.contains("UNSOUND") && said.contains("miscounted"), "{said}");
}

/// A sound run of which some is missing is no crime of the house.
#[test]
fn a_history_that_is_cut_off_is_refused_and_nobody_is_convicted_by_it() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["--set", "seconds=1", "--set", "users=4", "--json", "--out", directory];
    sound(&[&["run", "hot-seat", "--quick"], &few[..]].concat());
    let path = out.path().join("run-1/history.bin");
    let whole = std::fs::read(&path).unwrap();
    for length in [whole.len() * 7 / 10, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let ran = lab(&["replay", directory]);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(3), "{said}");
        let why = format!("{} is damaged", path.display());
        assert!(said.contains(&why) && said.contains("run it again"), "{said}");
    }
    std::fs::write(&path, &whole).unwrap();
    sound(&["replay", directory, "--json"]);
}
