//! What a store promises. Races are made by hand: two transactions load before either saves.

use crate::closing::{
    an_account_is_closed_or_charged_again_and_never_both,
    an_account_is_closed_or_charged_for_the_first_time_and_never_both,
    an_account_that_was_never_charged_is_closed_for_whoever_charges_it,
    plain_charges_an_account_that_is_closed, plain_undoes_a_charge_when_it_closes_an_account,
};
use crate::owners::{
    plain_forgets_that_an_owner_was_refused, two_owners_who_refuse_each_other_leave_one,
};
use crate::reseating::{
    a_seat_is_held_or_moved_to_and_never_both, a_ticket_is_used_or_moved_and_never_both,
    a_ticket_that_is_moved_and_given_back_leaves_no_seat_taken,
    money_is_taken_out_or_spent_and_never_both, plain_moves_a_ticket_that_was_given_back,
    plain_moves_a_ticket_to_a_seat_that_is_held, plain_takes_out_what_was_spent,
    what_was_taken_out_is_listed_as_that,
};
use crate::steps::{
    ANN, BOB, HOLD_MS, Open, SHOW, STANDING, answered, balance, charge, command, hold, row, sale,
    settle, settler,
};
use crate::{Case, CaseFuture, Fresh, Promised};
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::store::{Fences, Mode, Wanted};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::command::Part;
use admitone_domain::command::operate::{CloseAccount, Operate};
use admitone_domain::command::part::{PutBack, Take};
use admitone_domain::id::{BuyerId, PaymentId, ReservationId};
use admitone_domain::{Action, Actor, Command, Currency, Key, Money, Outcome, Refusal, Row, Rows};
use std::sync::Arc;
use std::time::Duration;

macro_rules! cases {
    ($($name:ident: $promised:ident),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            promised: Promised::$promised,
            run: |fresh, mode| -> CaseFuture { Box::pin($name(fresh, mode)) },
        }),*]
    };
}
pub(crate) use cases;

pub(crate) const ALL: &[Case] = cases![
    saved_rows_are_loaded_again: Always,
    a_dropped_transaction_leaves_no_trace: Always,
    an_answer_is_kept_and_found_by_its_command: Always,
    a_second_answer_for_a_command_is_a_conflict: WhereConcurrent,
    changes_that_raced_are_a_conflict: WhereProtected,
    modes_protect_against_each_other: WhereProtected,
    plain_loses_an_update: AsHarm,
    a_payment_is_taken_or_given_up_and_never_both: WhereProtected,
    plain_takes_what_was_given_up: AsHarm,
    an_account_is_closed_or_gets_its_money_back_and_never_both: WhereProtected,
    plain_closes_an_account_that_gets_its_money_back: AsHarm,
    an_account_is_closed_or_charged_for_the_first_time_and_never_both: WhereProtected,
    an_account_that_was_never_charged_is_closed_for_whoever_charges_it: WhereProtected,
    an_account_is_closed_or_charged_again_and_never_both: WhereProtected,
    plain_charges_an_account_that_is_closed: AsHarm,
    plain_undoes_a_charge_when_it_closes_an_account: AsHarm,
    stock_is_never_oversold_by_racing_buyers: WhereProtected,
    plain_oversells: AsHarm,
    two_owners_who_refuse_each_other_leave_one: WhereProtected,
    plain_forgets_that_an_owner_was_refused: AsHarm,
    a_seat_is_held_or_moved_to_and_never_both: WhereProtected,
    plain_moves_a_ticket_to_a_seat_that_is_held: AsHarm,
    a_ticket_is_used_or_moved_and_never_both: WhereProtected,
    a_ticket_that_is_moved_and_given_back_leaves_no_seat_taken: WhereProtected,
    plain_moves_a_ticket_that_was_given_back: AsHarm,
    money_is_taken_out_or_spent_and_never_both: WhereProtected,
    plain_takes_out_what_was_spent: AsHarm,
    what_was_taken_out_is_listed_as_that: Always,
    a_stale_fence_is_refused: Always,
    without_the_fence_the_stale_holder_does_harm: AsHarm,
    due_holds_are_found_by_show: Always,
    a_refusal_in_a_batch_does_not_disturb_the_rest: Always,
];

async fn saved_rows_are_loaded_again(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    settle(&fresh, mode, vec![charge(2, ANN, 11)]).await;
    let loaded = fresh.reads.rows(&[Key::Wallet(ANN)]).await.unwrap_or_default();
    let Some(Some(loaded)) = loaded.into_iter().next() else { panic!("no wallet") };
    assert_eq!(loaded.version, 2);
    let Row::Wallet(wallet) = &*loaded.row else { panic!("{:?}", loaded.row) };
    assert_eq!(wallet.balance, Money(111));
}

async fn a_dropped_transaction_leaves_no_trace(fresh: Fresh, mode: Mode) {
    let open = Open::begin(&*fresh.store, mode, &Fences::default(), &[charge(1, ANN, 100)]).await;
    drop(open);
    assert_eq!(balance(&fresh, ANN).await, 0);
    settle(&fresh, mode, vec![charge(1, ANN, 7)]).await;
    assert_eq!(balance(&fresh, ANN).await, 7, "nor is anything locked");
}

async fn an_answer_is_kept_and_found_by_its_command(fresh: Fresh, mode: Mode) {
    let settler = settler(&fresh, mode);
    let first = answered(settler.settle(vec![charge(1, ANN, 100)]).await.remove(0));
    let again = settler.settle(vec![charge(1, ANN, 100)]).await.remove(0);
    assert_eq!(again, Ok(Reply::Answered { answer: Arc::new(first.clone()), replayed: true }));
    assert_eq!(balance(&fresh, ANN).await, 100, "done once");
    let kept = fresh.reads.answer(first.id).await;
    assert_eq!(kept, Ok(Some(Arc::new(first))));
    let mut other = charge(1, ANN, 200);
    other.fingerprint = admitone_domain::Fingerprint(99);
    assert_eq!(settler.settle(vec![other]).await, [Ok(Reply::KeyReused)]);
}

async fn a_second_answer_for_a_command_is_a_conflict(fresh: Fresh, mode: Mode) {
    let none = Fences::default();
    let first = Open::begin(&*fresh.store, mode, &none, &[charge(1, ANN, 100)]).await;
    let second = Open::begin(&*fresh.store, mode, &none, &[charge(1, BOB, 100)]).await;
    assert_eq!(first.finish().await, Ok(()));
    assert_eq!(second.finish().await.map_err(|t| t.kind), Err(TroubleKind::Conflict));
    assert_eq!(balance(&fresh, BOB).await, 0, "nothing of the second is saved");
}

async fn changes_that_raced_are_a_conflict(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    race_of_charges(&fresh, mode).await;
    assert_eq!(balance(&fresh, ANN).await, 111, "no update is lost");
}

async fn modes_protect_against_each_other(fresh: Fresh, mode: Mode) {
    let mut expected = 100;
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    for (number, other) in (10..).step_by(2).zip(fresh.store.modes()) {
        let is_apart = mode == Mode::Serializable || *other == Mode::Serializable;
        if *other == Mode::Plain || is_apart && mode != *other {
            continue;
        }
        race_of_modes(&fresh, [mode, *other], number).await;
        expected += 11;
        assert_eq!(balance(&fresh, ANN).await, expected, "{mode} against {other}");
    }
}

/// The first one has loaded, and sleeps before it saves; the other comes, and saves if it can.
async fn race_of_modes(fresh: &Fresh, [mode, other]: [Mode; 2], number: u64) {
    const NAP_MS: u64 = 30;
    let none = Fences::default();
    let batches = [[charge(number, ANN, 10)], [charge(number + 1, ANN, 1)]];
    let first = Open::begin(&*fresh.store, mode, &none, &batches[0]).await;
    let napping = async {
        SystemClock::default().sleep_ms(NAP_MS).await;
        first.finish().await
    };
    let coming =
        async { Open::begin(&*fresh.store, other, &none, &batches[1]).await.finish().await };
    let (napped, came) = tokio::join!(napping, coming);
    for ((saved, batch), mode) in [napped, came].into_iter().zip(batches).zip([mode, other]) {
        if let Err(trouble) = saved {
            assert_eq!(trouble.kind, TroubleKind::Conflict);
            settle(fresh, mode, batch.to_vec()).await;
        }
    }
}

async fn plain_loses_an_update(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    race_of_charges(&fresh, mode).await;
    assert_eq!(balance(&fresh, ANN).await, 101, "the harm: a charge of 10 is gone");
}

async fn race_of_charges(fresh: &Fresh, mode: Mode) {
    race(fresh, mode, [charge(2, ANN, 10), charge(3, ANN, 1)]).await;
}

async fn a_payment_is_taken_or_given_up_and_never_both(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    race(&fresh, mode, [take(2), give_up(3)]).await;
    assert_eq!(balance(&fresh, ANN).await, 100, "it was not taken, or is back");
    // The other way round, of another payment.
    race(&fresh, mode, [give_up(13), take(12)]).await;
    assert_eq!(balance(&fresh, ANN).await, 100, "it was not taken, or is back");
}

async fn plain_takes_what_was_given_up(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    race(&fresh, mode, [give_up(3), take(2)]).await;
    assert_eq!(balance(&fresh, ANN).await, 0, "the harm: it was given up, and is gone");
    settle(&fresh, mode, vec![give_up(4)]).await;
    assert_eq!(balance(&fresh, ANN).await, 100, "who asks again has it back");
}

async fn an_account_is_closed_or_gets_its_money_back_and_never_both(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    settle(&fresh, mode, vec![take(2)]).await;
    race(&fresh, mode, [close(3), give_up(4)]).await;
    assert_eq!((balance(&fresh, ANN).await, is_closed(&fresh).await), (100, false));
    // The other way round, of another payment.
    settle(&fresh, mode, vec![take(12)]).await;
    race(&fresh, mode, [give_up(13), close(14)]).await;
    assert_eq!((balance(&fresh, ANN).await, is_closed(&fresh).await), (100, false));
    // With nothing in it, and nothing to come, it is closed.
    settle(&fresh, mode, vec![take(22)]).await;
    settle(&fresh, mode, vec![close(23)]).await;
    assert_eq!((balance(&fresh, ANN).await, is_closed(&fresh).await), (0, true));
}

async fn plain_closes_an_account_that_gets_its_money_back(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    settle(&fresh, mode, vec![take(2)]).await;
    race(&fresh, mode, [close(3), give_up(4)]).await;
    let (balance, is_closed) = (balance(&fresh, ANN).await, is_closed(&fresh).await);
    assert_eq!((balance, is_closed), (100, true), "the harm: nobody can get at it");
}

/// Closes Ann's account.
pub(crate) fn close(number: u64) -> Command {
    let close = Operate::CloseAccount(CloseAccount { buyer: ANN, payments: Vec::new() });
    command(number, Actor::Buyer(ANN), Action::Operate(close))
}

pub(crate) async fn is_closed(fresh: &Fresh) -> bool {
    matches!(row(fresh, Key::Buyer(ANN)).await, Some(Row::Buyer(buyer)) if buyer.disabled)
}

/// Takes the money of a payment: of the tens of the command's number.
fn take(number: u64) -> Command {
    let (amount, currency) = (Money(100), Currency::KRW);
    let take = Take { payment: PaymentId(100 + number / 10), buyer: ANN, amount, currency };
    command(number, Actor::House, Action::Part(Part::Take(take)))
}

/// Puts its money back if it was taken, else it never is.
fn give_up(number: u64) -> Command {
    let back = PutBack {
        payment: PaymentId(100 + number / 10),
        number: 0,
        buyer: ANN,
        amount: Money(100),
        currency: Currency::KRW,
        was_taken: false,
    };
    command(number, Actor::House, Action::Part(Part::PutBack(back)))
}

/// Both read before either writes, unless the mode makes the second wait. One that meets a
/// conflict is decided anew.
pub(crate) async fn race(fresh: &Fresh, mode: Mode, [first_command, second_command]: [Command; 2]) {
    let none = Fences::default();
    let (first_batch, second_batch) = ([first_command.clone()], [second_command.clone()]);
    let first = Open::begin(&*fresh.store, mode, &none, &first_batch).await;
    let second = Open::begin(&*fresh.store, mode, &none, &second_batch);
    if mode == Mode::Pessimistic {
        let (finished, second) = tokio::join!(finish_later(first), second);
        assert_eq!(finished, Ok(()));
        assert_eq!(second.finish().await, Ok(()));
        return;
    }
    let second = second.await;
    if mode == Mode::Serializable {
        // Where what is read is locked, one waits for the other, and either may have to give way.
        let (first, second) = tokio::join!(first.finish(), second.finish());
        assert!(first.is_err() || second.is_err(), "only plain lets both through");
        again_after(fresh, mode, first, first_command).await;
        again_after(fresh, mode, second, second_command).await;
        return;
    }
    assert_eq!(first.finish().await, Ok(()));
    let second = second.finish().await;
    assert!(second.is_err() || mode == Mode::Plain, "only plain lets both through");
    again_after(fresh, mode, second, second_command).await;
}

/// Finishes when the other one certainly stands before what this one has locked, and has read all that it
/// can read before.
#[expect(clippy::disallowed_methods, reason = "stores go by the clock of the world")]
async fn finish_later(open: Open) -> Result<(), Trouble> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    open.finish().await
}

async fn again_after(fresh: &Fresh, mode: Mode, finished: Result<(), Trouble>, command: Command) {
    if let Err(trouble) = finished {
        assert_eq!(trouble.kind, TroubleKind::Conflict);
        settle(fresh, mode, vec![command]).await;
    }
}

async fn stock_is_never_oversold_by_racing_buyers(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    let settler = std::sync::Arc::new(settler(&fresh, mode));
    let buyers: Vec<_> = (1..=20_u64)
        .map(|number| {
            let settler = std::sync::Arc::clone(&settler);
            let buyer = BuyerId(u128::from(number));
            async move { answered(settler.settle(vec![hold(number, buyer, 1)]).await.remove(0)) }
        })
        .collect();
    let mut held = 0;
    let mut waiting: tokio::task::JoinSet<_> = buyers.into_iter().collect();
    while let Some(answer) = waiting.join_next().await {
        held += u32::from(answer.unwrap_or_else(|e| panic!("{e}")).answer.is_ok());
    }
    assert_eq!((held, stock(&fresh).await), (5, 5));
}

async fn plain_oversells(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 1).await;
    let none = Fences::default();
    let first = Open::begin(&*fresh.store, mode, &none, &[hold(1, ANN, 1)]).await;
    let second = Open::begin(&*fresh.store, mode, &none, &[hold(2, BOB, 1)]).await;
    assert!(first.verdict.answers[0].answer.is_ok() && second.verdict.answers[0].answer.is_ok());
    assert_eq!((first.finish().await, second.finish().await), (Ok(()), Ok(())));
    let both = [
        row(&fresh, Key::Reservation(ReservationId(1))).await,
        row(&fresh, Key::Reservation(ReservationId(2))).await,
    ];
    assert!(both.iter().all(Option::is_some), "the harm: two tickets of one");
    assert_eq!(stock(&fresh).await, 1, "and the count does not even show it");
}

async fn a_stale_fence_is_refused(fresh: Fresh, mode: Mode) {
    let draw =
        || async { fresh.store.draw_fence("wallet").await.unwrap_or_else(|e| panic!("{e}")) };
    let (old, new) = (draw().await, draw().await);
    assert!(new.token > old.token);
    let stale = Fences(vec![old]);
    let open = Open::begin(&*fresh.store, mode, &stale, &[charge(1, ANN, 1)]).await;
    assert_eq!(open.finish().await.map_err(|t| t.kind), Err(TroubleKind::Fenced));
    assert_eq!(balance(&fresh, ANN).await, 0);
    let open = Open::begin(&*fresh.store, mode, &Fences(vec![new]), &[charge(2, ANN, 1)]).await;
    assert_eq!(open.finish().await, Ok(()));
}

async fn without_the_fence_the_stale_holder_does_harm(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    let none = Fences::default();
    // The holder loads, sleeps, and loses its lock to another; nothing tells the store.
    let stale = Open::begin(&*fresh.store, mode, &none, &[charge(2, ANN, 10)]).await;
    settle(&fresh, mode, vec![charge(3, ANN, 1)]).await;
    assert_eq!(stale.finish().await, Ok(()));
    assert_eq!(balance(&fresh, ANN).await, 110, "the harm: the other's charge is gone");
}

async fn due_holds_are_found_by_show(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    settle(&fresh, mode, vec![hold(1, ANN, 5)]).await;
    assert_eq!(due(&fresh, mode).await, []);
    let full = settle(&fresh, mode, vec![hold(2, BOB, 1)]).await;
    assert_eq!(full, [Err(Refusal::AllHeld { left: 0 })]);
    fresh.clock.advance_ms(HOLD_MS);
    assert_eq!(due(&fresh, mode).await, [ReservationId(1)]);
    let swept_first = settle(&fresh, mode, vec![hold(3, BOB, 5)]).await;
    assert!(swept_first[0].is_ok(), "an expired hold blocks nobody: {swept_first:?}");
    assert_eq!(due(&fresh, mode).await, []);
}

async fn due(fresh: &Fresh, mode: Mode) -> Vec<ReservationId> {
    let begun = fresh.store.begin(mode, &Fences::default()).await;
    let mut transaction = begun.unwrap_or_else(|e| panic!("{e}"));
    let mut rows = Rows::default();
    let wanted = Wanted { due_of: vec![SHOW], ..Wanted::default() };
    transaction.load(&wanted, &mut rows).await.unwrap_or_else(|e| panic!("{e}"));
    rows.due
}

async fn a_refusal_in_a_batch_does_not_disturb_the_rest(fresh: Fresh, mode: Mode) {
    let batch = vec![charge(1, ANN, 100), charge(2, ANN, -1), charge(3, ANN, 11)];
    let answers = settle(&fresh, mode, batch).await;
    assert!(matches!(answers[0], Ok(Outcome::Moved { .. })));
    assert_eq!(answers[1], Err(Refusal::InvalidAmount));
    assert_eq!(balance(&fresh, ANN).await, 111);
    let nobody = command(
        4,
        Actor::House,
        Action::Charge(admitone_domain::command::Charge {
            amount: Money(1),
            currency: admitone_domain::Currency::KRW,
        }),
    );
    assert!(settle(&fresh, mode, vec![nobody]).await[0].is_err());
}

async fn stock(fresh: &Fresh) -> u32 {
    match row(fresh, Key::TicketType(STANDING)).await {
        Some(Row::TicketType(stock)) => stock.held,
        other => panic!("{other:?}"),
    }
}
