//! Two instances that share what is to be told, each its lanes; one of them is killed.

use super::{ENDPOINTS, Operator, are_told, charge, open};
use crate::endpoint::{Endpoint, until};
use crate::figures::scrape;
use crate::process::House;
use crate::shared_store::Server;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn two_instances_on_postgres_tell_everything_once() {
    two_instances(Server::Postgres);
}

#[test]
fn two_instances_on_mariadb_tell_everything_once() {
    two_instances(Server::Mariadb);
}

/// Each has a part of the lanes once both have asked for it: wallets are charged until both have told somebody, who
/// is told nothing more then.
fn each_tells_something(operator: &Operator<'_>, second: &House) {
    let early = Endpoint::start();
    let (id, _) = operator.endpoint(&early, &["wallet.*"]);
    let has_told = |house: &House| scrape(house).contains("\nadmitone_webhook_attempts_total");
    let mut wallets = 0;
    until("each of them has told something", || {
        charge(operator.house, 1);
        wallets += 1;
        (has_told(operator.house) && has_told(second)).then_some(())
    });
    until("all is told", || are_told(&early.taken(), wallets, 1).then_some(()));
    let gone = operator.ask(&format!("DELETE {ENDPOINTS}/{id}"), &Value::Null);
    assert_eq!(gone.status, 204, "{}", gone.body);
}

fn two_instances(server: Server) {
    let Some(store) = server.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let flags = ["--store", store.as_str()];
    let (first, second) = (open(directory.path(), &flags), open(directory.path(), &flags));
    let operator = Operator::of(&first);
    each_tells_something(&operator, &second);
    let shop = Endpoint::start();
    let (id, _) = operator.endpoint(&shop, &["wallet.*"]);
    for _ in 0..10 {
        charge(&first, 3);
        charge(&second, 3);
    }
    until("all is told", || are_told(&shop.taken(), 20, 3).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    let ids: Vec<String> = shop.messages().into_iter().map(|message| message.id).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (60, 60), "each once");
    // Either knows the log, and an endpoint that one of them removes the other tells nothing more.
    assert_eq!(operator.at(&second).attempts(&id).len(), 60);
    // One is killed: the other takes its lanes when their lease is over.
    let key = operator.key.clone();
    first.kill();
    for _ in 0..10 {
        charge(&second, 3);
    }
    until("all of the rest is told", || are_told(&shop.taken(), 30, 3).then_some(()));
    let gone =
        Operator { house: &second, key }.ask(&format!("DELETE {ENDPOINTS}/{id}"), &Value::Null);
    assert_eq!(gone.status, 204, "{}", gone.body);
    std::thread::sleep(Duration::from_secs(1));
    let told = shop.messages().len();
    charge(&second, 3);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(shop.messages().len(), told, "it is told nothing more");
    assert!(second.stop());
}
