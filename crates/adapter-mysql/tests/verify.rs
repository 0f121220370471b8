//! What `verify` finds in this store: tickets are compared with the money that wallets gave for them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_mysql::{MysqlStore, Options, Time};
use admitone_app::clock::HandClock;
use admitone_app::ports::store::Mode;
use admitone_app::verify::Takings;
use admitone_conformance::sale::{NOW, answer, in_parts, programme, settler};
use admitone_conformance::servers::{Server, execute};
use admitone_domain::command::gateway::Said;
use std::sync::Arc;

/// A store with a payment in parts of which that was said in the end.
async fn paid_in_parts(said: Said) -> Option<(String, MysqlStore)> {
    let url = Server::Mariadb.fresh().await?;
    let time = Time::Of(Arc::new(HandClock::at(NOW)));
    let options = Options { time, connections_max: 4, ..Options::default() };
    let store = MysqlStore::open(&url, options).await.unwrap();
    let settler = settler(Arc::new(store.clone()), Mode::Optimistic);
    for command in programme(2, 1).chain(in_parts(said)) {
        answer(settler.settle(vec![command]).await.remove(0)).unwrap();
    }
    Some((url, store))
}

async fn findings(store: &MysqlStore) -> Vec<String> {
    store.verify(|_| ()).await.unwrap().findings
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_without_the_money_of_their_wallet_are_named() {
    let Some((url, store)) = paid_in_parts(Said::Approved).await else { return };
    assert_eq!(findings(&store).await, Vec::<String>::new());
    for (damage, kind) in [
        ("UPDATE entry SET amount = 2 WHERE id = 12", Takings::NOT_TAKEN),
        ("UPDATE entry SET payment = 99 WHERE id = 12", Takings::ASTRAY),
        ("DELETE FROM entry WHERE id = 12", Takings::NOT_TAKEN),
    ] {
        execute(&url, damage).await;
        let found = findings(&store).await;
        assert!(found.iter().any(|one| one.starts_with(kind)), "{damage}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_a_wallet_without_a_ticket_is_named() {
    let declined = Said::Declined { code: "NOTHING_TAKEN".into() };
    let Some((_url, store)) = paid_in_parts(declined).await else { return };
    let found = findings(&store).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(Takings::FOR_NOTHING), "{found:?}");
}
