//! An account that is closed while its wallet is charged: one of both, and never money that nobody can
//! get at.

use crate::Fresh;
use crate::cases::{close, is_closed, race};
use crate::steps::{ANN, balance, charge, settle};
use admitone_app::ports::store::Mode;
use admitone_domain::command::Spend;
use admitone_domain::{Action, Actor, Command, Currency, Money, Refusal};

/// Uses up what Ann has.
fn spend(number: u64, amount: i64) -> Command {
    let spend = Spend { amount: Money(amount), currency: Currency::KRW };
    crate::steps::command(number, Actor::Buyer(ANN), Action::Spend(spend))
}

/// Of an account whose wallet was never charged there is no row, so the closing makes one.
pub(crate) async fn an_account_is_closed_or_charged_for_the_first_time_and_never_both(
    fresh: Fresh,
    mode: Mode,
) {
    race(&fresh, mode, [charge(1, ANN, 10), close(2)]).await;
    check_one_of_both(&fresh, mode).await;
}

pub(crate) async fn an_account_that_was_never_charged_is_closed_for_whoever_charges_it(
    fresh: Fresh,
    mode: Mode,
) {
    race(&fresh, mode, [close(1), charge(2, ANN, 10)]).await;
    check_one_of_both(&fresh, mode).await;
}

/// The balance is the same before and after the closing, which a guard on the balance would not see.
pub(crate) async fn an_account_is_closed_or_charged_again_and_never_both(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    settle(&fresh, mode, vec![spend(2, 100)]).await;
    race(&fresh, mode, [charge(3, ANN, 10), close(4)]).await;
    check_one_of_both(&fresh, mode).await;
    if is_closed(&fresh).await {
        // Whoever charges it now writes nothing, and meets nobody.
        return;
    }
    settle(&fresh, mode, vec![spend(5, 10)]).await;
    race(&fresh, mode, [close(6), charge(7, ANN, 10)]).await;
    check_one_of_both(&fresh, mode).await;
}

/// Either it is open and has the money, or it is closed and whoever charges it is refused.
async fn check_one_of_both(fresh: &Fresh, mode: Mode) {
    if is_closed(fresh).await {
        assert_eq!(balance(fresh, ANN).await, 0, "nobody can get at it");
        let refused = settle(fresh, mode, vec![charge(90, ANN, 10)]).await;
        assert_eq!(refused, [Err(Refusal::WalletClosed)]);
    } else {
        assert_eq!(balance(fresh, ANN).await, 10);
    }
}

pub(crate) async fn plain_charges_an_account_that_is_closed(fresh: Fresh, mode: Mode) {
    race(&fresh, mode, [close(1), charge(2, ANN, 10)]).await;
    let (balance, is_closed) = (balance(&fresh, ANN).await, is_closed(&fresh).await);
    assert_eq!((balance, is_closed), (10, true), "the harm: nobody can get at it");
}

pub(crate) async fn plain_undoes_a_charge_when_it_closes_an_account(fresh: Fresh, mode: Mode) {
    race(&fresh, mode, [charge(1, ANN, 10), close(2)]).await;
    assert_eq!(balance(&fresh, ANN).await, 0, "the harm: the charge was answered, and is gone");
}
