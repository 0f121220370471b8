//! Closing an account goes the way of whoever charges its wallet, whatever way operators go.

use crate::gate::Gate;
use crate::steps::{answer, balance, command, settled, settler, store};
use admitone_app::clock::HandClock;
use admitone_app::delivery::{ChannelLimits, Direct, Router, RouterSetup};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::store::{Mode, Store};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_conformance::sale;
use admitone_domain::command::Spend;
use admitone_domain::command::operate::{CloseAccount, Operate};
use admitone_domain::id::BuyerId;
use admitone_domain::{Action, Actor, Answer, Command, Currency, Moment, Money, Refusal};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Charges protect themselves, and operators do not.
const MAP: &str = "optimistic operate=unsafe";

fn close() -> Command {
    let close = CloseAccount { buyer: BuyerId(1), payments: Vec::new() };
    command(9, Actor::Buyer(BuyerId(1)), Action::Operate(Operate::CloseAccount(close)))
}

/// A wallet that was charged and used up.
async fn emptied() -> MemoryStore {
    let (store, _) = store();
    let spend = Action::Spend(Spend { amount: Money(5), currency: Currency::KRW });
    for command in [sale::charge(1, BuyerId(1), 5), command(2, Actor::Buyer(BuyerId(1)), spend)] {
        assert!(settled(&store, command).await.is_ok());
    }
    store
}

/// A charge comes and is answered while the closing has loaded and not saved; what that is told.
async fn charged_meanwhile(
    store: &MemoryStore,
    way: impl FnOnce(Gate) -> Arc<dyn Delivery>,
) -> Answer {
    let (gate, opener) = Gate::before(store, |_| None);
    opener.send_replace(false);
    let way = way(gate.clone());
    let charging = async {
        while gate.tried().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(settled(store, sale::charge(3, BuyerId(1), 7)).await.is_ok());
        opener.send_replace(true);
    };
    let (closed, ()) = tokio::join!(way.submit(close()), charging);
    answer(closed.unwrap())
}

#[tokio::test]
async fn whoever_closes_an_account_undoes_no_charge_though_operators_go_unprotected() {
    let store = emptied().await;
    let by_map = |gate: Gate| -> Arc<dyn Delivery> {
        let setup = RouterSetup {
            store: Arc::new(gate),
            locks: Vec::new(),
            clock: Arc::new(HandClock::at(Moment(1_000))),
            taps: Vec::new(),
            limits: SettleLimits::default(),
            channel: ChannelLimits::default(),
            travel: None,
            tasks: TaskTracker::new(),
        };
        Arc::new(Router::start(&MAP.parse().unwrap(), setup).unwrap())
    };
    let told = charged_meanwhile(&store, by_map).await;
    assert_eq!(told, Err(Refusal::WalletNotEmpty { balance: Money(7) }));
    assert_eq!(balance(&store, 1).await, 7);
}

#[tokio::test]
async fn by_the_way_of_operators_it_would_undo_one() {
    let store = emptied().await;
    let as_operators = |gate: Gate| -> Arc<dyn Delivery> {
        assert!(gate.modes().contains(&Mode::Plain));
        let settler = Settler { mode: Mode::Plain, ..settler(gate, Vec::new()) };
        Arc::new(Direct::new(Arc::new(settler)))
    };
    assert!(charged_meanwhile(&store, as_operators).await.is_ok());
    assert_eq!(balance(&store, 1).await, 0, "the harm: seven were charged, and are gone");
}
