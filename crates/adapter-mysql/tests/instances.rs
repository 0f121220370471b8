//! Of several instances on one store one leads a room, as long as its lease lasts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "leases are tested in the time of the server")]

use admitone_adapter_mysql::room_log::MysqlRoomLog;
use admitone_adapter_mysql::{MysqlStore, Options};
use admitone_app::TroubleKind;
use admitone_app::ports::room_log::RoomLog;
use admitone_conformance::servers::{Server, execute};
use std::time::Duration;

async fn instance(url: &str) -> MysqlStore {
    MysqlStore::open(url, Options { connections_max: 4, ..Options::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_led_by_one_instance_and_taken_over_when_it_falls_silent() {
    let Some(url) = Server::Mariadb.fresh().await else { return };
    let lease = Duration::from_millis(400);
    let first = MysqlRoomLog::new(instance(&url).await, lease);
    let second = MysqlRoomLog::new(instance(&url).await, lease);
    first.load(1).await.unwrap();
    first.append(1, 1, b"one".to_vec()).await.unwrap();
    assert!(first.leads(1) && !second.leads(1));
    let refused = second.load(1).await.unwrap_err();
    assert_eq!(refused.kind, TroubleKind::Busy);
    assert!(refused.detail.contains("led by another instance"), "{refused}");

    // It sleeps longer than its lease, and the other takes over what it wrote.
    tokio::time::sleep(lease).await;
    assert!(!first.leads(1), "it must not answer for the room any more");
    assert_eq!(second.load(1).await.unwrap().batches, [b"one".to_vec()]);
    second.append(1, 2, b"two".to_vec()).await.unwrap();
    for stale in [
        first.append(1, 2, b"stale".to_vec()).await,
        first.append(1, 3, b"stale".to_vec()).await,
        first.checkpoint(1, 2, b"stale".to_vec()).await,
    ] {
        assert_eq!(stale.unwrap_err().kind, TroubleKind::Fenced);
    }
    second.release().await.unwrap();
    let history = first.load(1).await.unwrap();
    assert_eq!(history.batches, [b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(history.checkpoint, None);

    // Without the token the stale leader writes into the room of another: the harm.
    execute(&url, "INSERT INTO room_batch VALUES (1, 3, 'stale')").await;
    assert_eq!(first.load(1).await.unwrap().sequence, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_renewed_is_not_taken_over() {
    let Some(url) = Server::Mariadb.fresh().await else { return };
    let lease = Duration::from_millis(400);
    let first = MysqlRoomLog::new(instance(&url).await, lease);
    let second = MysqlRoomLog::new(instance(&url).await, lease);
    first.load(1).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let renewing = tokio::spawn(first.clone().renew(stop.clone()));
    tokio::time::sleep(lease * 3).await;
    assert!(first.leads(1));
    assert_eq!(second.load(1).await.unwrap_err().kind, TroubleKind::Busy);
    stop.cancel();
    renewing.await.unwrap();
    tokio::time::sleep(lease).await;
    assert!(second.load(1).await.is_ok());
}
