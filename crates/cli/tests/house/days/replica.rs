//! A slow replica is never asked to decide: it shows what was.

use super::load::{Load, SEATS};
use super::{for_a_while, instance};
use crate::process::{House, serve};
use crate::shared_store::execute;
use crate::shopper::import;
use admitone_conformance::own_server::OwnServer;
use admitone_conformance::servers::{Server, number};
use std::path::Path;
use std::process::Stdio;

#[test]
fn a_replica_is_passed_over_and_alone_it_is_refused() {
    let Some(primary) = OwnServer::start(Server::Postgres) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &primary.url(), SEATS, None);
    let replica = primary.replica("1h");
    let both = format!("{},{}", replica.authority(), primary.authority());
    let both = primary.url().replace(&primary.authority(), &both);
    let house = instance(directory.path(), &["--store", &both], &[]);
    let load = Load::begin(&[&house.address], 4);
    for_a_while(1_000);
    let asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'admitone'";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let at = |server: &OwnServer| runtime.block_on(number(&server.url(), asked));
    assert!(at(&primary) > 0.0);
    assert!(at(&replica) < 0.5, "somebody asks the replica");
    load.end("a replica an hour late was named first", &primary.url());
    assert!(House::stop(house));

    let said = refusal(directory.path(), &replica.url());
    assert!(said.contains("does not allow writes"), "{said}");
    println!("a replica alone: {}", said.lines().last().unwrap_or_default());
}

#[test]
fn a_mariadb_that_only_reads_is_refused() {
    let Some(server) = OwnServer::start(Server::Mariadb) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &server.url(), 4, None);
    let flags = ["--store", &server.url()];
    assert!(House::start(directory.path(), &flags).stop());
    execute(&server.url(), "SET GLOBAL read_only = 1");
    let said = refusal(directory.path(), &server.url());
    assert!(said.contains("this server only reads"), "{said}");
    execute(&server.url(), "SET GLOBAL read_only = 0");
    assert!(House::start(directory.path(), &flags).stop());
}

fn refusal(directory: &Path, store: &str) -> String {
    let mut command = serve(directory, &["--store", store]);
    let refused = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    said
}
