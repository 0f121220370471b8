//! What stands in the tables, and what must not.

use super::{Opening, Stage, save, seat, try_save, whole};
use crate::sale::{NOW, SHOW, STANDING, balance, charge, settler};
use crate::servers::execute;
use admitone_app::TroubleKind;
use admitone_app::ports::store::{Fences, Mode, Wanted};
use admitone_domain::id::{BuyerId, ReservationId};
use admitone_domain::seat::SeatState;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Change, Guard, Key, Moment, Money, Row, Rows, Verdict};
use std::sync::Arc;

const ANN: BuyerId = BuyerId(7);

fn stock(sold: u32) -> Change {
    let stock = TicketType {
        id: STANDING,
        show: SHOW,
        name: "S".into(),
        price: Money(1),
        capacity: 1,
        held: 0,
        sold,
    };
    whole(0, Guard::Unchanged, Row::TicketType(stock))
}

pub(super) async fn with_its_guards_the_store_refuses_what_the_rules_must_never_let_through(
    stage: Stage,
) {
    let unguarded = Opening { is_guarded: false, ..Opening::default() };
    let instance = stage.fixture.open(&stage.url, unguarded).await;
    let too_many = || vec![stock(2)];
    assert_eq!(save(&instance, Mode::Plain, too_many()).await, Ok(()), "without them it is saved");
    execute(&stage.url, "DELETE FROM ticket_type").await;
    let guarded = stage.open().await;
    let refused = try_save(&guarded, Mode::Plain, too_many()).await.err();
    assert!(refused.is_some_and(|trouble| {
        trouble.kind == TroubleKind::Inconsistent && trouble.detail.contains("guard_stock")
    }));
}

pub(super) async fn instances_that_start_together_migrate_once(stage: Stage) {
    let stage = Arc::new(stage);
    let mut opened = tokio::task::JoinSet::new();
    for number in 1..=4 {
        let stage = Arc::clone(&stage);
        opened.spawn(async move { (number, stage.open().await) });
    }
    let mut charged = 0;
    while let Some(instance) = opened.join_next().await {
        let (number, instance) = instance.unwrap_or_else(|error| panic!("{error}"));
        let settler = settler(Arc::clone(&instance.store), Mode::Conditional);
        assert!(settler.settle(vec![charge(number, ANN, 1)]).await[0].is_ok());
        charged += 1;
        assert_eq!(balance(&*instance.reads, ANN).await, charged);
    }
    assert_eq!(charged, 4);
}

pub(super) async fn a_row_that_was_made_to_be_locked_is_no_row(stage: Stage) {
    let instance = stage.open().await;
    let keys = vec![Key::Quota(SHOW, ANN), Key::Wallet(ANN)];
    let begun = instance.store.begin(Mode::Pessimistic, &Fences::default()).await;
    let mut transaction = begun.unwrap_or_else(|trouble| panic!("{trouble}"));
    let mut rows = Rows::default();
    let wanted = Wanted { keys: keys.clone(), ..Wanted::default() };
    assert_eq!(transaction.load(&wanted, &mut rows).await.err(), None);
    assert!(keys.iter().all(|key| rows.peek(*key).is_none()));
    // A batch that changes nothing of them, and leaves them behind.
    assert_eq!(transaction.save(&Arc::new(Verdict::default())).await, Ok(()));
    assert_eq!(transaction.commit().await, Ok(()));
    assert_eq!(instance.reads.rows(&keys).await, Ok(vec![None, None]));
    for (number, mode) in (1..).zip(Mode::ALL) {
        let settler = settler(Arc::clone(&instance.store), mode);
        assert!(settler.settle(vec![charge(number, ANN, 1)]).await[0].is_ok());
        assert_eq!(balance(&*instance.reads, ANN).await, number.cast_signed(), "{mode}");
    }
}

pub(super) async fn a_held_seat_keeps_the_price_that_an_operator_gave_it_meanwhile(stage: Stage) {
    let instance = stage.open().await;
    let save = async |mode, change| save(&instance, mode, vec![change]).await;
    let price = |seen, price| whole(seen, Guard::Unchanged, seat(1, price, SeatState::Free));
    assert_eq!(save(Mode::Conditional, price(0, 10)).await, Ok(()));
    assert_eq!(save(Mode::Conditional, price(1, 20)).await, Ok(()));
    let held = SeatState::Held { by: ReservationId(1), until: Moment(5_000) };
    let taken_for = |seen, price, guard, state| whole(seen, guard, seat(1, price, state));
    let late = taken_for(1, 10, Guard::Takeable(NOW), held);
    assert_eq!(save(Mode::Conditional, late.clone()).await, Err(TroubleKind::Conflict));
    // Whatever else happened to the seat since it was seen does not matter.
    let fresh = taken_for(1, 20, Guard::Takeable(NOW), held);
    assert_eq!(save(Mode::Conditional, fresh).await, Ok(()));
    let other = SeatState::Held { by: ReservationId(2), until: Moment(9_000) };
    let taken = taken_for(3, 20, Guard::Takeable(NOW), other);
    assert_eq!(save(Mode::Conditional, taken).await, Err(TroubleKind::Conflict));
    let over = taken_for(3, 20, Guard::Takeable(Moment(5_000)), other);
    assert_eq!(save(Mode::Conditional, over).await, Ok(()));
    // Plain writes over all of it.
    assert_eq!(save(Mode::Plain, late).await, Ok(()), "the harm: two have held the seat");
}

pub(super) async fn the_verifier_finds_what_is_planted_and_nothing_else(stage: Stage) {
    for (planted, found) in [
        ("SELECT 1", ""),
        ("UPDATE wallet SET balance = balance + 1", "a balance that is not the sum"),
        ("DELETE FROM wallet", "entries without a wallet"),
        ("UPDATE entry SET amount = 0 WHERE id = 1", "an entry that moves nothing"),
        (
            "INSERT INTO seat VALUES (1, 1, 1, 1, 2, 99, NULL)",
            "a seat of a reservation that does not exist",
        ),
        ("INSERT INTO seat VALUES (1, 1, 1, 1, 1, NULL, 5)", "a seat that says otherwise"),
        ("UPDATE ticket_type SET sold = 1", "a stock that is not the sum of its items"),
        ("INSERT INTO quota SELECT 1, buyer, 1, 3 FROM wallet", "a quota that is not the sum"),
    ] {
        let url = stage.fixture.server().fresh().await.unwrap_or_default();
        let unguarded = Opening { is_guarded: false, ..Opening::default() };
        let instance = stage.fixture.open(&url, unguarded).await;
        assert_eq!(save(&instance, Mode::Plain, vec![stock(0)]).await, Ok(()));
        let settler = settler(Arc::clone(&instance.store), Mode::Optimistic);
        for number in 1..=3 {
            assert!(settler.settle(vec![charge(number, ANN, 1)]).await[0].is_ok());
        }
        execute(&url, planted).await;
        let report = stage.fixture.verify(&url).await;
        // The stock, the three entries of the wallet, and what was planted.
        assert_eq!(report.rows, if planted.starts_with("INSERT") { 5 } else { 4 }, "{planted}");
        let findings = report.findings;
        if found.is_empty() {
            assert_eq!(findings, Vec::<String>::new());
        } else {
            let is_found = findings.iter().any(|finding| finding.starts_with(found));
            assert!(is_found, "{planted}: {findings:?}");
        }
    }
}
