//! What RabbitMQ itself puts away: a job that a consumer refused for good is seen by operators, on the page
//! too; one is handed over again and settled, another is dropped.

use super::{balance, flags, house, paused};
use crate::operators::{Browser, QUEUES};
use crate::shared_store::{Server, execute};
use crate::shopper::{Front, Shopper, import, until};
use admitone_conformance::own_broker::Broker;
use lapin::options::{BasicGetOptions, BasicRejectOptions};
use lapin::{Connection, ConnectionProperties};
use serde_json::Value;

const STRATEGY: &str = "rabbitmq-lock";
const CHARGE: &str = r#"{"amount":7}"#;

/// Refuses so many jobs of a queue, as a consumer does that can neither end them nor give them back.
fn refuse(broker: &str, queue: &str, count: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection =
            Connection::connect(broker, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for _ in 0..count {
            let got = channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap();
            let job = got.unwrap().delivery;
            job.reject(BasicRejectOptions { requeue: false }).await.unwrap();
        }
        connection.close(200, "".into()).await.unwrap();
    });
}

#[test]
fn what_rabbitmq_put_away_operators_see_and_retry_or_drop() {
    let (Some(store), Some(broker)) = (Server::Postgres.fresh(), Broker::Rabbitmq.shared()) else {
        return;
    };
    let Some(flags) = flags(&store, STRATEGY) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 1, None);
    // The names of its queues begin with that of the house.
    let name = format!("put-away-{}", std::process::id());
    execute(&store, &format!("INSERT INTO house VALUES ('name', '{name}')"));
    let house = house(directory.path(), &flags, "1", "60000");
    let key = house.operator_key.clone().unwrap();
    let bearer = format!("Bearer {key}");
    let staff = [("authorization", bearer.as_str())];
    let read = |path: &str| house.connect().get(path, &staff).json()["data"].clone();
    let listed = || paused::listed(&flags);
    let front = Front::of(&[&house], 1);
    let (mut ann, mut bob) = (Shopper::new(&front, 0), Shopper::new(&front, 1));
    assert!(paused::queue(&flags, &["pause", STRATEGY]).0);
    until("everybody has left", || listed()["consumers"] == 0);
    for buyer in [&ann, &bob] {
        let accepted = buyer.send_async("POST /api/v1/wallet/charges", CHARGE);
        assert_eq!(accepted.status, 202, "{}", accepted.body);
    }
    until("both wait", || listed()["waiting"] == 2);
    refuse(&broker, &format!("admitone.{name}.{STRATEGY}.jobs"), 2);
    until("both are put away", || listed()["dead"] == 2);
    let path = format!("{QUEUES}?queue={STRATEGY}&state=dead");
    let page = Browser::staff(&house, &key).get(&path);
    assert!(page.body.contains("RabbitMQ put it away"), "{}", page.body);
    let lying: Value = read(&format!("/api/v1/operator/queues/{STRATEGY}/jobs?state=dead"));
    let act = |place: usize, action: &str| {
        let job = lying[place]["id"].as_str().unwrap();
        let path = format!("POST /api/v1/operator/queues/{STRATEGY}/jobs/{job}/actions/{action}");
        house.connect().send(&path, &staff, "").status
    };
    assert_eq!((act(0, "retry"), act(1, "drop")), (200, 200), "{lying}");
    until("one waits", || {
        let queue = listed();
        queue["dead"] == 0 && queue["waiting"] == 1
    });
    assert!(paused::queue(&flags, &["resume", STRATEGY]).0);
    until("one of both is settled", || balance(&mut ann) + balance(&mut bob) == 7);
    assert!(house.stop());
}
