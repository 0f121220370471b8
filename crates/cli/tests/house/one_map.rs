//! Two instances on one store have one map of strategies, and one instance has a map that is safe
//! only alone. Who dies is forgotten; who was stopped and comes back too late settles nothing.

use crate::process::{House, admitone, serve};
use crate::shared_store::Server;
use crate::shopper::{import, until};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn flags<'a>(store: &'a str, map: &'a str) -> [&'a str; 4] {
    ["--store", store, "--strategy", map]
}

/// Starts one that will be refused; it waits as long as a dead one would be listed.
fn start(directory: &Path, store: &str, map: &str) -> Child {
    serve(directory, &flags(store, map)).stderr(Stdio::piped()).spawn().unwrap()
}

fn refusal(mut child: Child) -> String {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it was not refused");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    said
}

#[test]
fn instances_on_postgres_have_one_map() {
    one_map(Server::Postgres);
}

#[test]
fn instances_on_mariadb_have_one_map() {
    one_map(Server::Mariadb);
}

fn one_map(server: Server) {
    let Some(store) = server.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let first = House::start(directory.path(), &flags(&store, "optimistic"));
    let other = start(directory.path(), &store, "serializable");
    let second = House::start(directory.path(), &flags(&store, "optimistic"));
    let said = refusal(other);
    assert!(said.contains("use the map `optimistic`"), "{said}");
    // What only looks has no map, and what writes has the one of all.
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
    let add = ["user", "--store", &store, "--strategy", "optimistic", "add", "Eve"];
    let added = Command::new(env!("CARGO_BIN_EXE_admitone")).args(add).output().unwrap();
    assert!(added.status.success(), "{added:?}");
    assert!(first.stop() && second.stop());
    // Who ends well leaves nothing to wait for.
    let alone = House::start(directory.path(), &flags(&store, "single-writer"));
    let beside = ["single-writer", "optimistic"]
        .map(|map| start(directory.path(), &store, map))
        .map(refusal);
    assert!(beside[0].contains("safe only alone"), "{}", beside[0]);
    assert!(beside[1].contains("use the map `single-writer`"), "{}", beside[1]);
    // A dead one is forgotten.
    alone.kill();
    assert!(House::start(directory.path(), &flags(&store, "batched")).stop());
}

#[test]
fn an_instance_that_comes_back_beside_another_map_settles_nothing() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, None);
    let stopped = House::start(directory.path(), &flags(&store, "single-writer"));
    let open = |house: &House| {
        let mut connection = house.connect();
        let headers = [("idempotency-key", "a"), ("content-type", "application/json")];
        connection.send("POST /api/v1/users", &headers, r#"{"name":"s"}"#)
    };
    assert_eq!(open(&stopped).status, 201);
    stopped.pause();
    let next = House::start(directory.path(), &flags(&store, "batched"));
    stopped.resume();
    let charge = r#"{"amount":10}"#;
    let token = format!("Bearer {}", open(&next).json()["token"].as_str().unwrap());
    let headers = [
        ("idempotency-key", "charge-1"),
        ("content-type", "application/json"),
        ("authorization", token.as_str()),
    ];
    let charged = stopped.connect().send("POST /api/v1/wallet/charges", &headers, charge);
    assert_eq!(charged.status, 503, "{}", charged.body);
    assert!(charged.head.to_ascii_lowercase().contains("retry-after"), "{}", charged.head);
    assert_eq!(stopped.connect().get("/health/ready", &[]).status, 503);
    let charged = next.connect().send("POST /api/v1/wallet/charges", &headers, charge);
    assert_eq!(charged.status, 201, "{}", charged.body);
    // When nobody is in the way any more, it comes back.
    assert!(next.stop());
    until("the one that was stopped settles again", || {
        stopped.connect().get("/health/ready", &[]).status == 200
    });
    assert!(stopped.stop());
}
