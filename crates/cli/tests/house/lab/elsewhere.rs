//! Houses that run already, of one instance or several: each address is one instance of the same house.

use super::{PROGRAMME, lab, sound};
use crate::process::House;
use crate::redis_locks::figure;
use crate::shared_store::Server;
use serde_json::Value;

fn url(house: &House) -> String {
    format!("http://{}", house.address)
}

#[test]
fn each_of_several_instances_elsewhere_is_driven_and_all_are_audited_together() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let flags = ["--store", store.as_str(), "--strategy", "conditional", "--bench-routes"];
    let houses = [(); 2].map(|()| House::start(directory.path(), &flags));
    let key = houses[0].operator_key.clone().unwrap();
    let [one, other] = houses.each_ref().map(url);
    let place = ["--url", &one, "--url", &other, "--operator-key", &key, "--json", "--quick"];
    let few = ["--set", "count=200", "--set", "users=8"];
    let report = sound(&[&["run", "cash"], &few[..], &place[..]].concat());
    assert_eq!(report["head"]["instances"], 2, "{report}");
    let settled = |house: &House| figure(house, "admitone_commands_total");
    assert!(houses.iter().all(|house| settled(house) >= 100), "one stood beside it");
    assert!(houses.into_iter().all(House::stop));
}

#[test]
fn instances_of_two_houses_are_no_house() {
    let directories = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let houses = directories.each_ref().map(|place| House::start(place.path(), &[]));
    let key = houses[0].operator_key.clone().unwrap();
    let [one, other] = houses.each_ref().map(url);
    let place = ["--url", &one, "--url", &other, "--operator-key", &key, "--quick"];
    let ran = lab(&[&["run", "hot-seat", "--set", "seconds=1"], &place[..]].concat());
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{said}");
    let why = format!("{one} and {other} are no instances of one house");
    assert!(said.contains(&why), "{said}");
    assert!(houses.into_iter().all(House::stop));
}

/// A run that is refused; what it said.
fn refused(words: &[&str], code: i32) -> String {
    let ran = lab(words);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(code), "{words:?}: {said}");
    said
}

#[test]
fn a_drill_on_a_house_that_has_sold_before_is_sound_and_one_that_sells_nothing_is_told_how() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &[]);
    let key = house.operator_key.clone().unwrap();
    let url = url(&house);
    let place = ["--url", &url, "--operator-key", &key, "--json", "--quick"];
    let few = ["--set", "buyers=12", "--set", "seconds=1", "--set", "patience=3"];
    let drill = [&["run", "drill"], &few[..], &place[..]].concat();
    let nothing = refused(&drill, 3);
    assert!(nothing.contains("`--programme FILE`"), "{nothing}");
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let made = house.connect().send("POST /api/v1/operator/import", &headers, PROGRAMME);
    assert!((200..300).contains(&made.status), "{}", made.body);
    for _ in 0..2 {
        let report = sound(&drill);
        assert!(report["runs"][0]["commands"].as_u64() > Some(12), "{report}");
    }
    // Neither is the run before it, of the same house.
    sound(&[&drill[..], &["--runs", "2"]].concat());
    assert!(house.stop());
}

#[test]
fn a_house_that_does_not_serve_what_is_asked_is_refused_with_the_flag_that_it_needs() {
    let directory = tempfile::tempdir().unwrap();
    let bare = House::start(directory.path(), &[]);
    let key = bare.operator_key.clone().unwrap();
    let address = url(&bare);
    let place = ["--url", &address, "--operator-key", &key, "--quick", "--json"];
    for (run, flag) in [
        (&["run", "token-ramp"][..], "`--reference-routes`"),
        (&["run", "confirm", "--set", "slow_ms=0"], "`--reference-routes`"),
        (&["run", "ceiling"], "`--bench-routes`"),
    ] {
        let said = refused(&[run, &place[..]].concat(), 3);
        assert!(said.contains(&address) && said.contains(flag), "{run:?}: {said}");
    }
    assert!(bare.stop());
    let house = House::start(directory.path(), &["--reference-routes"]);
    let address = url(&house);
    let place = ["--url", &address, "--operator-key", &key, "--quick", "--json"];
    let few = ["seconds=1", "users_max=0", "rate=50"].map(|set| ["--set", set]).concat();
    let ran = lab(&[&["run", "token-ramp"], &few[..], &place[..]].concat());
    // A build for tests may be short of a goal.
    assert!(matches!(ran.status.code(), Some(0 | 4)), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    // What is of the generator is not said of the house.
    let head = &report["head"];
    assert!(head["versions"]["build"].is_null(), "{head}");
    let generator = head["versions"]["generator"].as_str().unwrap();
    assert!(generator.starts_with("the generator is admitone "), "{head}");
    assert_eq!(head["versions"]["admitone"], env!("CARGO_PKG_VERSION"), "{head}");
    let limits = head["limits"].to_string();
    assert!(limits.contains("the house runs elsewhere") && !limits.contains("share"), "{limits}");
    assert!(house.stop());
}

#[test]
fn how_a_house_is_started_cannot_be_said_of_one_that_runs() {
    let place = ["run", "cash", "--url", "http://127.0.0.1:9", "--operator-key", "x"];
    for how in [
        &["--strategy", "batched"][..],
        &["--instances", "2"],
        &["--without-guards"],
        &["--observe"],
        &["--store", "postgres://h/x"],
    ] {
        let said = refused(&[&place[..], how].concat(), 2);
        assert!(said.contains("cannot be used with") && said.contains(how[0]), "{said}");
    }
}
