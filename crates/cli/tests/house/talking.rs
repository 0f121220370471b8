//! What the program prints: to people at a terminal, to a pipe, and to nobody.

use crate::process::Connection;
use crate::terminal::at_a_terminal;
use admitone_conformance::kept_ports::KeptPorts;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// What a shell reports of a program whose reader left.
const UNREAD: Option<i32> = Some(141);

fn admitone(words: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.args(words).env("ADMITONE_DATA_DIR", data).env("ADMITONE_LISTEN", "127.0.0.1:0");
    command
}

/// Runs a command whose output nobody reads: the other end of its pipe is gone before it begins.
fn unread(words: &[&str], data: &Path) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    admitone(words, data).stdin(Stdio::null()).stdout(writer).output().unwrap()
}

/// A programme of so many shows, in a file.
fn programme(directory: &Path, shows: u32) -> String {
    let show = |number: u32| {
        let (month, day) = (number / 28 + 1, number % 28 + 1);
        json!({
            "opens_at": format!("2099-{month:02}-{day:02}T19:00:00Z"),
            "closes_at": format!("2099-{month:02}-{day:02}T22:00:00Z"),
            "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, 20], "price": 1 }],
        })
    };
    let shows: Vec<Value> = (0..shows).map(show).collect();
    let concert = json!({ "name": "Lights", "category": "rock", "venue": "Hall", "shows": shows });
    let file = directory.join("programme.json");
    std::fs::write(&file, json!({ "concerts": [concert] }).to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn whoever_stops_reading_ends_no_command_in_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let (file, data) = (programme(directory.path(), 1), directory.path().join("data"));
    let commands: [&[&str]; 18] = [
        &["lab", "list"],
        &["lab", "list", "--json"],
        &["openapi"],
        &["config", "example"],
        &["command-line"],
        &["figures"],
        &["events"],
        &["asyncapi"],
        &["import", &file],
        &["import", &file, "--json"],
        &["migrate"],
        &["user", "add", "Eve"],
        &["user", "add", "Opal"],
        &["user", "disable", "op_2"],
        &["user", "list"],
        &["user", "list", "--json"],
        &["verify"],
        &["verify", "--json"],
    ];
    for words in commands {
        let ran = unread(words, &data);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!((ran.status.code(), said.as_str()), (UNREAD, ""), "{words:?}");
    }
    // What they were asked for was done, whoever heard of it.
    let operators = admitone(&["user", "list"], &data).output().unwrap();
    let listed = String::from_utf8(operators.stdout).unwrap();
    assert_eq!(listed, "op_1\tEve\towner\tactive\nop_2\tOpal\towner\tdisabled\n");
}

#[test]
fn behind_the_first_line_of_a_long_list_nothing_more_is_said() {
    let directory = tempfile::tempdir().unwrap();
    // More than a pipe holds, so that the program meets the end of it.
    let mut child = admitone(&["openapi"], directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"{\n");
    let ran = child.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), String::from_utf8_lossy(&ran.stderr).as_ref()), (UNREAD, ""));
}

#[test]
fn a_run_whose_report_nobody_reads_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let few = ["--set", "count=50", "--set", "users=4"];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut run =
        admitone(&[&["lab", "run", "cash", "--quick"], &few[..]].concat(), directory.path());
    run.env("TMPDIR", directory.path()).env_remove("ADMITONE_DATA_DIR");
    let ran = run.stdout(writer).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), UNREAD, "{said}");
    assert!(!said.contains("panicked") && said.contains("the audit"), "{said}");
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    // Nobody reads what it says beside that either, and it still measures.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = run.stderr(writer).stdout(Stdio::piped()).output().unwrap();
    assert_eq!(ran.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&ran.stdout).contains("cash"));
}

/// Runs a command whose output goes to a full disk; none where there is no such file.
fn on_a_full_disk(words: &[&str], data: &Path) -> Option<(Option<i32>, String)> {
    let full = OpenOptions::new().write(true).open("/dev/full").ok()?;
    let ran = admitone(words, data).stdout(full).output().unwrap();
    Some((ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned()))
}

#[test]
fn what_cannot_be_printed_for_another_reason_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let Some((code, said)) = on_a_full_disk(&["lab", "list"], directory.path()) else { return };
    assert_eq!(code, Some(3), "{said}");
    assert!(said.starts_with("admitone: printing: ") && said.lines().count() == 1, "{said}");
}

#[test]
fn what_is_wrong_is_the_exit_code_though_it_cannot_be_printed() {
    let directory = tempfile::tempdir().unwrap();
    let (file, data) = (programme(directory.path(), 1), directory.path().join("data"));
    assert!(admitone(&["import", &file], &data).output().unwrap().status.success());
    for words in [&["verify"][..], &["verify", "--json"]] {
        let Some((code, said)) = on_a_full_disk(words, &data) else { return };
        assert_eq!(code, Some(3), "what is sound is not said to be: {said}");
    }
    let tables = rusqlite::Connection::open(data.join("tables.db")).unwrap();
    tables.execute("INSERT INTO entry VALUES (1, x'01', 0, 500, 0, NULL)", []).unwrap();
    drop(tables);
    assert_eq!(admitone(&["verify"], &data).output().unwrap().status.code(), Some(1));
    for words in [&["verify"][..], &["verify", "--json"]] {
        let (code, said) = on_a_full_disk(words, &data).unwrap();
        assert_eq!(code, Some(1), "{words:?}: {said}");
        assert!(said.contains("admitone: printing: "), "{words:?}: {said}");
    }
}

/// Whether a house whose announcements nobody reads answers, what it says beside them, and how it ends.
fn unread_house(data: &Path) -> (bool, String, Option<i32>) {
    let kept = KeptPorts::<1>::keep();
    let free = format!("127.0.0.1:{}", kept.numbers()[0]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut serve = admitone(&["serve", "--demo"], data);
    serve.env("ADMITONE_LISTEN", &free);
    let mut house = serve.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let answered = (0..1_200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let answer = Connection::try_to(&free).ok();
        let answer = answer.and_then(|mut line| line.try_send("GET /health/ready", &[], "").ok());
        answer.is_some_and(|answer| answer.status == 200) || house.try_wait().unwrap().is_some()
    });
    let pid = house.id().to_string();
    let is_there = house.try_wait().unwrap().is_none();
    if is_there {
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
    let mut said = String::new();
    house.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (answered && is_there, said, house.wait().unwrap().code())
}

#[test]
fn a_house_sells_and_ends_well_though_nobody_reads_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    // Somebody else may take the port before the house does.
    let mut houses = (0..5).map(|_| unread_house(directory.path()));
    let (answered, said, code) = houses.find(|(_, said, _)| !said.contains("in use")).unwrap();
    assert!(answered, "{said}");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn long_work_draws_how_far_it_is_at_a_terminal_and_nothing_in_a_pipe() {
    let directory = tempfile::tempdir().unwrap();
    let file = programme(directory.path(), 120);
    let data = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (piped, drawn) = (data("piped"), data("drawn"));
    // What is done, and what is seen of it on the way.
    let works: [(&[&str], &[&str]); 3] = [
        (&["import", &file, "--data-dir"], &["/120"]),
        (&["verify", "--data-dir"], &["looking for damaged pages", "a negative balance"]),
        (&["bench", "--quick", "--scenario", "seats-50", "--out"], &["starting a house"]),
    ];
    for (words, on_the_way) in works {
        let ran =
            admitone(&[words, &[piped.as_str()]].concat(), directory.path()).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!((ran.status.code(), said.as_str()), (Some(0), ""), "{words:?}");
        let Some(ran) = at_a_terminal(&[words, &[drawn.as_str()]].concat()) else {
            println!("NOT TESTED: progress bars, because `script` of util-linux is not there");
            return;
        };
        let seen = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert_eq!(ran.status.code(), Some(0), "{words:?}: {seen}");
        for part in on_the_way {
            assert!(seen.contains(part), "{words:?}: no {part:?} in {seen:?}");
        }
        assert!(seen.contains("\x1b["), "{words:?}: it is written over: {seen:?}");
    }
}
