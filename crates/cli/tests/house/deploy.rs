//! The files of `deploy/`: a real nginx with the configuration that stands there before two
//! instances; what the others say exists. Containers are not started.

use crate::nginx::{Instances, Nginx};
use crate::process::{Connection, House, serve};
use crate::redis::shared;
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import};
use crate::stream::Stream;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use yaml_rust2::{Yaml, YamlLoader};

const SEATS: usize = 8;

/// The front that is nginx.
fn front(nginx: &Nginx) -> Front {
    let addresses = Mutex::new(vec![nginx.address.clone()]);
    Front { addresses, sold: AtomicUsize::new(0), seats: SEATS }
}

fn answered(house: &House) -> u64 {
    let figures = house.connect().get("/metrics", &[]).body;
    let lines = figures.lines().filter(|line| line.starts_with("admitone_requests_total{"));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn nginx_leads_a_sale_to_two_instances_and_past_one_that_died() {
    let (Some(program), Some(store), Some(redis)) =
        (crate::nginx::program(), Server::Postgres.fresh(), shared())
    else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let flags = ["--store", &store, "--redis", &redis];
    let (first, second) =
        (House::start(directory.path(), &flags), House::start(directory.path(), &flags));
    let nginx = Nginx::start(&program, &Instances(&[&first, &second]));
    let front = front(&nginx);
    // What happens at either instance is in the stream before it ends.
    let events = "/api/v1/shows/show_1/seats/events";
    let (status, mut stream) = Stream::open(&nginx.address, &[], events);
    assert_eq!((status, stream.next().0.as_str()), (200, "snapshot"));
    let sold: Vec<String> = (0..4).flat_map(|_| Shopper::new(&front, 0).buy()).collect();
    assert_eq!(sold.len(), 4, "{sold:?}");
    stream.until(|_, news| news["seats"][0]["state"] != "available");
    assert!(answered(&first) > 4 && answered(&second) > 4, "both were asked");
    names_requests_and_hides_the_inside(&nginx);
    // One dies with connections to it in nginx's hands: commands are sent again to the other.
    first.kill();
    let more: Vec<String> = (0..4).flat_map(|_| Shopper::new(&front, 0).buy()).collect();
    let all: BTreeSet<&String> = sold.iter().chain(&more).collect();
    assert_eq!((more.len(), all.len()), (4, SEATS), "none was sold twice");
    second.kill();
    let mut connection = Connection::try_to(&nginx.address).unwrap();
    let nobody = connection.get("/api/v1/concerts", &[]);
    assert_eq!((nobody.status, &nobody.json()["code"]), (503, &"UNAVAILABLE".into()));
    assert!(nobody.has_header("retry-after: 1"), "{}", nobody.head);
    assert!(nobody.has_header("content-type: application/problem+json"), "{}", nobody.head);
}

#[test]
fn nginx_says_who_the_client_is_whatever_he_claims() {
    let Some(program) = crate::nginx::program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &[]);
    command.envs([
        ("ADMITONE_LIMIT_ACCOUNTS_PER_MINUTE", "1"),
        ("ADMITONE_LIMIT_ACCOUNTS_BURST", "2"),
        ("ADMITONE_LIMIT_CLIENT_HEADER", "x-forwarded-for"),
    ]);
    let house = House::run(command, directory.path());
    let nginx = Nginx::start(&program, &Instances(&[&house, &house]));
    let open_at = |address: &str, claimed: &str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", claimed)];
        let mut connection = Connection::try_to(address).unwrap();
        connection.send("POST /api/v1/users", &headers, r#"{"name":"x"}"#).status
    };
    let claimed = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    assert_eq!(claimed.map(|claimed| open_at(&nginx.address, claimed)), [201, 201, 429]);
    // Whoever reaches an instance himself is believed: the harm.
    assert_eq!(claimed.map(|claimed| open_at(&house.address, claimed)), [201; 3]);
}

fn names_requests_and_hides_the_inside(nginx: &Nginx) {
    let mut connection = Connection::try_to(&nginx.address).unwrap();
    let named = connection.get("/api/v1/concerts", &[("x-request-id", "of-the-client")]);
    let id = named.head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    assert!(id.len() == 32 && id.chars().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    assert_eq!(connection.get("/metrics", &[]).status, 404, "figures are for the inside");
    let mut plain = Connection::try_to(&nginx.plain).unwrap();
    let moved = plain.get("/api/v1/concerts", &[]);
    assert_eq!(moved.status, 308);
    assert!(moved.head.to_lowercase().contains("location: https://"), "{}", moved.head);
    let asked = ["s_client", "-alpn", "h2", "-connect", nginx.tls.as_str()];
    let shaken = Command::new("openssl").args(asked).stdin(std::process::Stdio::null()).output();
    let said = String::from_utf8_lossy(&shaken.unwrap().stdout).into_owned();
    assert!(said.contains("ALPN protocol: h2") && said.contains("TLSv1.3"), "{said}");
}

fn file(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

fn strings(list: &Yaml) -> Vec<String> {
    list.as_vec().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// A field of a service, or of what is merged into it.
fn field<'a>(service: &'a Yaml, name: &str) -> &'a Yaml {
    match &service[name] {
        Yaml::BadValue => &service["<<"][name],
        found => found,
    }
}

/// Whether the program has this command with these flags.
fn must_be_a_command(words: &[String]) {
    let (name, flags) = words.split_first().unwrap();
    let help =
        Command::new(env!("CARGO_BIN_EXE_admitone")).args([name, "--help"]).output().unwrap();
    assert!(help.status.success(), "{name} is no command");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for flag in flags.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag.as_str()), "{name} has no {flag}");
    }
}

#[test]
fn what_the_compose_file_says_exists() {
    let (path, text) = file("compose.yaml");
    let document = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let settings = std::fs::read_to_string(path.with_file_name("../docs/config.example.toml"));
    let settings = settings.unwrap();
    let services = document["services"].as_hash().unwrap();
    let mut instances = Vec::new();
    for (name, service) in services {
        let name = name.as_str().unwrap();
        for needed in depends_on(service) {
            assert!(!document["services"][needed.as_str()].is_badvalue(), "{name} needs {needed}");
        }
        if field(service, "image").as_str() != Some("admitone") {
            continue;
        }
        for (variable, _) in field(service, "environment").as_hash().unwrap() {
            let variable = variable.as_str().unwrap();
            let is_known = settings
                .split(|other: char| !(other.is_ascii_uppercase() || other == '_'))
                .any(|known| known == variable);
            assert!(is_known, "{name}: there is no {variable}");
        }
        match field(service, "command") {
            Yaml::BadValue => instances.push(format!("{name}:8080")),
            command => must_be_a_command(&strings(command)),
        }
    }
    // The upstream of nginx is these, and nobody else.
    let (_, nginx) = file("nginx.conf");
    let servers = nginx.lines().filter_map(|line| line.trim().strip_prefix("server admitone"));
    let servers: Vec<String> =
        servers.map(|rest| format!("admitone{}", rest.split(' ').next().unwrap())).collect();
    assert_eq!(servers, instances);
}

fn depends_on(service: &Yaml) -> Vec<String> {
    match field(service, "depends_on") {
        Yaml::BadValue => Vec::new(),
        Yaml::Hash(names) => names.keys().map(|name| name.as_str().unwrap().to_owned()).collect(),
        list => strings(list),
    }
}

#[test]
fn what_the_dockerfile_says_exists() {
    let (path, text) = file("Dockerfile");
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap();
    let command: Vec<String> = serde_json::from_str(line("CMD ")).unwrap();
    must_be_a_command(&command);
    let build: Vec<&str> = line("RUN cargo build ").split(' ').collect();
    let after = |flag: &str| build[build.iter().position(|word| *word == flag).unwrap() + 1];
    assert_eq!(after("--package"), env!("CARGO_PKG_NAME"));
    assert!(env!("CARGO_BIN_EXE_admitone").ends_with(&format!("/{}", after("--bin"))));
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(line("FROM ").starts_with(&format!("rust:{version}")), "built with another Rust");
    assert!(path.with_file_name("Dockerfile.dockerignore").exists());
}
