//! Houses that run already, of one instance or several: each address is one instance of the same house.

use super::{lab, sound};
use crate::process::House;
use crate::shared_store::Server;

fn url(house: &House) -> String {
    format!("http://{}", house.address)
}

/// How many commands an instance has settled.
fn settled(house: &House) -> f64 {
    let said = house.connect().get("/metrics", &[]).body;
    let counts = said.lines().filter_map(|line| line.strip_prefix(COMMANDS));
    counts.filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

const COMMANDS: &str = "admitone_commands_total";

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
    assert!(houses.iter().all(|house| settled(house) >= 100.0), "one stood beside it");
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
