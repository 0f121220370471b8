//! What people see while a run goes on: lines where nobody looks, a screen on a terminal.

use super::lab;
use crate::terminal::at_a_terminal;

const SHORT: [&str; 7] = ["run", "hot-seat", "--quick", "--set", "seconds=2", "--set", "users=8"];

/// What a short run says beside its report.
fn said(more: &[&str]) -> String {
    let ran = lab(&[&SHORT[..], more].concat());
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    said
}

#[test]
fn where_nobody_looks_there_are_lines_and_none_for_those_who_want_none() {
    let lines = said(&[]);
    assert!(lines.contains("starting a house") && lines.contains("the audit"), "{lines}");
    let of_the_load = lines.lines().filter(|line| line.contains(" answers/s, ")).count();
    assert!((1..=2).contains(&of_the_load), "{lines}");
    assert!(!lines.contains('\x1b') && !lines.contains('\r'), "it is no screen: {lines:?}");
    assert_eq!(said(&["--quiet"]), "");
    assert_eq!(said(&["--json"]), "");
}

#[test]
fn on_a_terminal_there_is_a_screen_and_nothing_is_left_of_it() {
    let Some(ran) = at_a_terminal(&[&["lab"], &SHORT[..]].concat()) else {
        println!("NOT TESTED: the screen, because `script` of util-linux is not there");
        return;
    };
    let seen = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{seen}");
    for part in ["hot-seat: ", "run 1 of 1", "under way", "of the last second", "counting"] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(seen.contains('\x1b'), "it is written over: {seen:?}");
}
