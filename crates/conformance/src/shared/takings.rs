//! What `verify` finds where tickets do not stand beside the money that wallets gave for them.

use super::Stage;
use crate::sale::{answer, in_parts, programme, settler};
use crate::servers::execute;
use admitone_app::ports::store::Mode;
use admitone_app::verify::Takings;
use admitone_domain::command::gateway::Said;
use std::sync::Arc;

impl Stage {
    /// Has a payment made in parts, of which that is said in the end.
    async fn pay_in_parts(&self, said: Said) {
        let instance = self.open().await;
        let settler = settler(Arc::clone(&instance.store), Mode::Optimistic);
        for command in programme(2, 1).chain(in_parts(said)) {
            assert!(answer(settler.settle(vec![command]).await.remove(0)).is_ok());
        }
    }

    async fn findings(&self) -> Vec<String> {
        self.fixture.verify(&self.url).await.findings
    }
}

pub(super) async fn tickets_without_the_money_of_their_wallet_are_named(stage: Stage) {
    stage.pay_in_parts(Said::Approved).await;
    assert_eq!(stage.findings().await, Vec::<String>::new());
    for (damage, kind) in [
        ("UPDATE entry SET amount = 2 WHERE id = 12", Takings::NOT_TAKEN),
        ("UPDATE entry SET payment = 99 WHERE id = 12", Takings::ASTRAY),
        ("DELETE FROM entry WHERE id = 12", Takings::NOT_TAKEN),
    ] {
        execute(&stage.url, damage).await;
        let found = stage.findings().await;
        assert!(found.iter().any(|one| one.starts_with(kind)), "{damage}: {found:?}");
    }
}

pub(super) async fn money_of_a_wallet_without_a_ticket_is_named(stage: Stage) {
    stage.pay_in_parts(Said::Declined { code: "NOTHING_TAKEN".into() }).await;
    let found = stage.findings().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(Takings::FOR_NOTHING), "{found:?}");
}
