//! What whoever runs a house looks at: a store that is not there, settings with which nothing is
//! sold, operators, and the log.

use crate::process::{House, admitone, serve};
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn a_store_that_is_looked_for_where_none_is_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let mistyped = directory.path().join("sael");
    let (code, said) = admitone(&["verify"], &mistyped);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("there is none") && said.contains("--data-dir"), "{said}");
    let (_, said) = admitone(&["doctor"], &mistyped);
    assert!(said.contains("nothing is there yet"), "{said}");
    assert!(!mistyped.exists(), "looking made it");
}

#[test]
fn a_program_reads_what_the_doctor_and_the_list_of_operators_say() {
    let directory = tempfile::tempdir().unwrap();
    let ask = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
        command.args(words).env("ADMITONE_DATA_DIR", directory.path());
        command.env("ADMITONE_LISTEN", "127.0.0.1:0").output().unwrap()
    };
    let added = ask(&["user", "add", "Eve", "--role", "door"]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let read = |words| -> Value { serde_json::from_slice(&ask(words).stdout).unwrap() };
    let findings = read(&["doctor", "--json"][..]);
    let store = findings.as_array().unwrap().iter().find(|one| {
        let what = one["what"].as_str().unwrap();
        what.starts_with("store")
    });
    let store = store.unwrap();
    assert_eq!(
        (&store["good"], store["detail"].as_str()),
        (&true.into(), Some("1 operators, 0 waiting rooms"))
    );
    let operators = read(&["user", "list", "--json"]);
    let eve = &operators[0];
    assert_eq!((eve["name"].as_str(), eve["role"].as_str()), (Some("Eve"), Some("door")));
    assert_eq!(eve["disabled"], false);
    assert!(eve.get("key_hash").is_none(), "what opens the house is nobody's to read");
}

#[test]
fn an_operator_has_a_name_that_people_can_read() {
    let directory = tempfile::tempdir().unwrap();
    let user = |words: &[&str]| {
        let place = ["user", "--data-dir", directory.path().to_str().unwrap()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
        let output = command.args([&place, words].concat()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let long = "x".repeat(101);
    for name in ["", "  \t ", &long] {
        let (code, said) = user(&["add", name]);
        assert_eq!(code, Some(2), "{name:?}: {said}");
        assert!(said.contains("1 to 100 letters"), "{said}");
    }
    assert!(!directory.path().join("journal.db").exists(), "no store is made for it");
    let (code, said) = user(&["add", " Eve "]);
    assert_eq!(code, Some(0), "{said}");
    let key = said.lines().find_map(|line| line.strip_prefix("operator key: ")).unwrap();
    let (_, listed) = admitone(&["user", "list"], directory.path());
    assert_eq!(listed, "op_1\tEve\towner\tactive\n");
    let (code, said) = user(&["disable", "op_2"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("there is no op_2"), "{said}");
    // Not the last owner, so that somebody is left who may.
    assert_eq!(user(&["add", "Opal"]).0, Some(0));
    let (code, said) = user(&["disable", "op_1"]);
    assert_eq!((code, said.as_str()), (Some(0), "the key of op_1 is refused from now on\n"));
    // It prints no key: there are operators already.
    std::fs::write(directory.path().join("was-started"), "").unwrap();
    let house = House::start(directory.path(), &[]);
    let bearer = format!("Bearer {key}");
    let refused = house.connect().get("/api/v1/operator/log", &[("authorization", &bearer)]);
    assert_eq!(refused.status, 401, "{}", refused.body);
}

#[test]
fn a_corrected_programme_says_what_it_added_and_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("programme.json");
    let show = |day: u32| {
        json!({
            "opens_at": format!("2099-01-0{day}T19:00:00Z"),
            "closes_at": format!("2099-01-0{day}T22:00:00Z"),
            "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, 50], "price": 1 }],
        })
    };
    let import = |venue: &str, shows: &[Value], flags: &[&str]| {
        let concert =
            json!({ "name": "Lights", "category": "rock", "venue": venue, "shows": shows });
        std::fs::write(&file, json!({ "concerts": [concert] }).to_string()).unwrap();
        let words = [&["import", file.to_str().unwrap()], flags].concat();
        let (code, said) = admitone(&words, directory.path());
        assert_eq!(code, 0, "{said}");
        said
    };
    let first = import("Hall", &[show(1)], &[]);
    assert!(first.contains("added: 1 concerts, 1 shows, 50 seats\n"), "{first}");
    assert!(!first.contains("there before"), "{first}");
    let second = import("Arena", &[show(1), show(2)], &[]);
    assert!(second.contains("added: 1 shows, 50 seats\n"), "{second}");
    assert!(second.contains("there before: 1 concerts, 1 shows, 50 seats\n"), "{second}");
    assert!(
        second.contains("note: concerts[0]: concert_1 is there with another venue"),
        "{second}"
    );
    let third = import("Arena", &[show(1), show(2)], &["--json"]);
    let third: Value = serde_json::from_str(&third).unwrap();
    assert_eq!((&third["added"]["shows"], &third["found"]["shows"]), (&json!(0), &json!(2)));
    let (code, said) = admitone(&["verify", "--json"], directory.path());
    assert_eq!(code, 0, "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert!(report["rows"].as_u64().unwrap() > 100, "{report}");
    assert_eq!(report["findings"], json!([]));
}

#[test]
fn settings_with_which_nothing_is_sold_are_refused_before_a_store_is_made() {
    for (variable, value) in [
        ("ADMITONE_BATCH_MAX", "0"),
        ("ADMITONE_QUEUE_DEPTH_MAX", "0"),
        ("ADMITONE_QUEUE_DEPTH_MAX", "9223372036854775807"),
        ("ADMITONE_CONNECTIONS_MAX", "9223372036854775807"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let output = serve(directory.path(), &[]).env(variable, value).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(value) && said.contains("is not between 1 and"), "{said}");
        assert!(std::fs::read_dir(directory.path()).unwrap().next().is_none(), "{variable}");
    }
}

#[test]
fn a_file_is_good_only_if_a_house_starts_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("house.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
        let output = command.args(["config", "check"]).arg(&file).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(check("batch_max = 7\n").0, Some(0));
    for wrong in ["batch_max = 0\n", "[issuer]\nname = \"them\"\njwk = '{}'\n"] {
        let (code, said) = check(wrong);
        assert_eq!(code, Some(3), "{wrong}: {said}");
    }
}

#[test]
fn a_request_has_one_name_in_the_log_and_in_its_answer() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let mut command = serve(directory.path(), &["--log-format", "json"]);
    command.env("ADMITONE_LOG", "debug").stderr(std::fs::File::create(&log).unwrap());
    let house = House::run(command, directory.path());
    let mut line = house.connect();
    let given = line.get("/api/v1/concerts/concert_9", &[("x-request-id", "of-the-balancer")]);
    assert_eq!(given.status, 404);
    assert!(given.has_header("x-request-id: of-the-balancer"), "{}", given.head);
    let own = line.get("/api/v1/concerts/concert_9", &[]);
    let name = own.head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
    let name = name.unwrap().to_owned();
    assert!(house.stop());
    let lines: Vec<Value> = std::fs::read_to_string(&log)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect();
    for name in ["of-the-balancer", &name] {
        let told = lines.iter().find(|line| line["http.request.id"] == name).expect("its line");
        assert_eq!(told["http.response.status_code"], 404);
        assert_eq!(told["url.path"], "/api/v1/concerts/concert_9");
        for of_the_schema in ["@timestamp", "log.level", "log.logger", "ecs.version", "message"] {
            assert!(told[of_the_schema].is_string(), "{of_the_schema}: {told}");
        }
    }
}
