//! What lists promise.

use crate::cases::cases;
use crate::sale::{by, operate, row_of_seats};
use crate::steps::{
    ANN, BOB, HOLD_MS, SHOW, STANDING, balance, charge, command, hold, programme, row, sale,
    settle, show,
};
use crate::{Case, CaseFuture, Fresh, Promised};
use admitone_app::payments::close_account;
use admitone_app::ports::reads::{Asking, ConcertFilter, Page, turn};
use admitone_app::ports::store::Mode;
use admitone_domain::command::gateway::{Begin, Gateway, Repaid, Repay, Said, Settle};
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, DescribeSeats, Kept, Operate, SaveSeats, SeatChange,
};
use admitone_domain::command::part::{PutBack, Take};
use admitone_domain::command::{Cancel, Part, Pay, Spend};
use admitone_domain::id::{BuyerId, ConcertId, PaymentId, ReservationId, SeatId};
use admitone_domain::show::Attribute;
use admitone_domain::{Action, Actor, Command, Currency, Key, Moment, Money, Row};

pub(crate) const ALL: &[Case] = cases![
    a_committed_row_is_read_at_once: Always,
    what_is_said_of_seats_is_read_as_it_was_saved: Always,
    lists_show_what_was_answered: Always,
    concerts_are_listed_soonest_first: Always,
    concerts_are_found_by_words_category_and_date: Always,
    a_concert_is_found_on_each_day_that_has_a_show: Always,
    lists_of_a_buyer_are_newest_first_and_his_own: Always,
    a_payment_is_open_until_its_gateway_has_said_all: Always,
    an_account_is_kept_while_money_is_on_its_way: Always,
    an_account_is_kept_if_money_is_owed_before_it_is_closed: Always,
    who_asks_wallets_alone_is_shown_no_payments_of_a_gateway: Always,
    open_payments_are_listed_page_by_page: Always,
];

const PAGE: Page = Page { before: None, limit: 10 };

async fn a_committed_row_is_read_at_once(fresh: Fresh, mode: Mode) {
    for number in 1..=50 {
        settle(&fresh, mode, vec![charge(number, ANN, 1)]).await;
        assert_eq!(u64::try_from(balance(&fresh, ANN).await), Ok(number));
    }
    assert_eq!(row(&fresh, Key::Wallet(BOB)).await, None);
}

async fn what_is_said_of_seats_is_read_as_it_was_saved(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    let block = row_of_seats(1, 4);
    let named: Vec<SeatId> = block.seats().collect();
    let blocks = vec![BlockOfSeats { block: block.clone(), price: Money(10) }];
    let describe = DescribeSeats {
        add: AddSeats { show: SHOW, blocks },
        seats: named.iter().copied().zip(Attribute::ALL.map(Some)).collect(),
        kept: Kept::Until(Moment(-7)),
    };
    let label = "sponsors, \u{1F3AB}";
    let change = SeatChange::BlockFor(label.to_owned());
    let block_one = SaveSeats { show: SHOW, seats: vec![named[3]], change };
    for (name, change) in
        [(900, Operate::DescribeSeats(describe)), (901, Operate::SaveSeats(block_one))]
    {
        assert!(settle(&fresh, mode, vec![operate(name, change)]).await[0].is_ok());
    }
    let Some(Row::Plan(_, read)) = row(&fresh, Key::Plan(SHOW)).await else {
        panic!("there is no plan");
    };
    let said: Vec<_> = named.iter().map(|seat| read.attribute(*seat)).collect();
    let [wheelchair, companion, restricted] = Attribute::ALL.map(Some);
    assert_eq!(said, [wheelchair, companion, restricted, None]);
    assert_eq!(read.labels.get(&named[3]).map(String::as_str), Some(label));
    assert_eq!((read.kept_until, read.blocks), (Some(Moment(-7)), vec![block]));
}

async fn lists_show_what_was_answered(fresh: Fresh, mode: Mode) {
    for number in 1..=20 {
        settle(&fresh, mode, vec![charge(number, ANN, 1)]).await;
        let page = Page { before: None, limit: 100 };
        let entries = fresh.reads.entries(ANN, page).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(u64::try_from(entries.len()), Ok(number));
    }
}

async fn titles(fresh: &Fresh, filter: ConcertFilter) -> Vec<String> {
    let filter =
        ConcertFilter { limit: if filter.limit == 0 { 10 } else { filter.limit }, ..filter };
    let found = fresh.reads.concerts(&filter).await.unwrap_or_else(|e| panic!("{e}"));
    found.into_iter().map(|concert| concert.title).collect()
}

async fn concerts(fresh: &Fresh, mode: Mode) {
    for (id, title, category, day) in [
        (1, "Winter Lights", "ballad", 300),
        (2, "Night Lights", "rock", 100),
        (3, "Morning Jazz", "jazz", 200),
        (4, "Late Rock", "rock", 100),
    ] {
        for command in programme(id, title, category, Moment(day)) {
            assert!(settle(fresh, mode, vec![command]).await[0].is_ok());
        }
    }
}

async fn concerts_are_listed_soonest_first(fresh: Fresh, mode: Mode) {
    concerts(&fresh, mode).await;
    let all = ["Night Lights", "Late Rock", "Morning Jazz", "Winter Lights"];
    assert_eq!(titles(&fresh, ConcertFilter::default()).await, all);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let filter = ConcertFilter { after, limit: 1, ..ConcertFilter::default() };
        let page = fresh.reads.concerts(&filter).await.unwrap_or_else(|e| panic!("{e}"));
        let Some(last) = page.last() else { break };
        after = Some((last.first_at, last.id));
        seen.extend(page.into_iter().map(|concert| concert.title));
    }
    assert_eq!(seen, all, "the cursor skips nothing and repeats nothing");
}

async fn concerts_are_found_by_words_category_and_date(fresh: Fresh, mode: Mode) {
    concerts(&fresh, mode).await;
    let words = |words: &[&str]| ConcertFilter {
        words: words.iter().map(ToString::to_string).collect(),
        ..ConcertFilter::default()
    };
    assert_eq!(titles(&fresh, words(&["light"])).await, ["Night Lights", "Winter Lights"]);
    assert_eq!(titles(&fresh, words(&["LIGHT", "win"])).await, ["Winter Lights"]);
    assert_eq!(titles(&fresh, words(&["ights"])).await, Vec::<String>::new(), "beginnings only");
    let category = Some("rock".to_owned());
    let rock = ConcertFilter { category, ..ConcertFilter::default() };
    assert_eq!(titles(&fresh, rock).await, ["Night Lights", "Late Rock"]);
    let (from, to) = (Some(Moment(150)), Some(Moment(300)));
    let between = ConcertFilter { from, to, ..ConcertFilter::default() };
    assert_eq!(titles(&fresh, between).await, ["Morning Jazz"]);
}

async fn a_concert_is_found_on_each_day_that_has_a_show(fresh: Fresh, mode: Mode) {
    concerts(&fresh, mode).await;
    // Winter Lights again, long after its first night.
    let again = show(9, 1, Moment(900));
    assert!(settle(&fresh, mode, vec![again]).await[0].is_ok());
    let on = |from, to| ConcertFilter {
        day: Some((Moment(from), Moment(to))),
        ..ConcertFilter::default()
    };
    for (from, to, found) in [
        (300, 301, &["Winter Lights"][..]),
        (900, 901, &["Winter Lights"]),
        (301, 900, &[]),
        (100, 201, &["Night Lights", "Late Rock", "Morning Jazz"]),
        (200, 901, &["Morning Jazz", "Winter Lights"]),
    ] {
        assert_eq!(titles(&fresh, on(from, to)).await, found, "{from} to {to}");
    }
    let words = vec!["light".to_owned()];
    let lights = ConcertFilter { words: words.clone(), ..on(100, 901) };
    assert_eq!(titles(&fresh, lights).await, ["Night Lights", "Winter Lights"]);
    let category = Some("rock".to_owned());
    let rock = ConcertFilter { category: category.clone(), ..on(100, 901) };
    assert_eq!(titles(&fresh, rock).await, ["Night Lights", "Late Rock"]);
    let both = ConcertFilter { words, category, ..on(100, 901) };
    assert_eq!(titles(&fresh, both).await, ["Night Lights"]);
    let after = Some((Moment(200), ConcertId(3)));
    let next = ConcertFilter { after, ..on(100, 901) };
    assert_eq!(titles(&fresh, next).await, ["Winter Lights"], "in the order of first shows");
}

async fn lists_of_a_buyer_are_newest_first_and_his_own(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 9).await;
    for number in 1..=4 {
        let buyer = if number % 2 == 0 { BOB } else { ANN };
        assert!(settle(&fresh, mode, vec![hold(number, buyer, 1)]).await[0].is_ok());
        settle(&fresh, mode, vec![charge(100 + number, buyer, 1)]).await;
    }
    let list = |of, page| {
        let reads = std::sync::Arc::clone(&fresh.reads);
        async move {
            let found = reads.reservations(of, page).await.unwrap_or_else(|e| panic!("{e}"));
            found.into_iter().map(|reservation| reservation.id.0).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(Some(ANN), PAGE).await, [3, 1]);
    assert_eq!(list(Some(ANN), Page { before: Some(3), limit: 10 }).await, [1]);
    assert_eq!(list(None, Page { before: None, limit: 3 }).await, [4, 3, 2]);
    let entries = fresh.reads.entries(BOB, PAGE).await.unwrap_or_else(|e| panic!("{e}"));
    let ids: Vec<u64> = entries.iter().map(|entry| entry.id.0).collect();
    assert_eq!(ids, [104, 102]);
    let payments = fresh.reads.payments(ANN, PAGE).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(payments.is_empty());
    assert!(row(&fresh, Key::Reservation(ReservationId(1))).await.is_some());
}

async fn a_payment_is_open_until_its_gateway_has_said_all(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    let mut open = Vec::new();
    for (number, buyer) in [(10, ANN), (20, BOB)] {
        assert!(settle(&fresh, mode, vec![hold(number, buyer, 1)]).await[0].is_ok());
        assert!(settle(&fresh, mode, vec![begin(number + 1, buyer, number)]).await[0].is_ok());
        open.push(number + 1);
        fresh.clock.advance_ms(1_000);
    }
    assert_eq!(open_payments(&fresh).await, open, "the next to be asked comes first");
    assert_pinned(&fresh, mode).await;
    let said = |number, payment, said| {
        let payment = PaymentId(payment);
        house(number, Gateway::Settle(Settle { payment, show: Some(SHOW), said }))
    };
    settle(&fresh, mode, vec![said(30, 11, Said::Approved)]).await;
    let code = "REJECT_CARD_COMPANY".to_owned();
    settle(&fresh, mode, vec![said(31, 21, Said::Declined { code })]).await;
    assert_eq!(open_payments(&fresh).await, Vec::<u64>::new());
    // The hold of the second was over while it was asked: its ticket is free.
    assert_eq!(sold_and_held(&fresh).await, (1, 0));
    let cancel = Cancel { reservation: ReservationId(10), items: None };
    settle(&fresh, mode, vec![by(40, ANN, Action::Cancel(cancel))]).await;
    assert_eq!(open_payments(&fresh).await, [11], "money is to go back");
    settle(&fresh, mode, vec![repay(41, PaymentId(11))]).await;
    assert_eq!(open_payments(&fresh).await, Vec::<u64>::new());
    assert_eq!(sold_and_held(&fresh).await, (0, 0));
}

async fn an_account_is_kept_while_money_is_on_its_way(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    let (held, payment) = (ReservationId(10), PaymentId(11));
    let pay = Action::Pay(Pay { reservation: held, expected: None }).apart(10_000);
    let take = Take { payment, buyer: ANN, amount: Money(100), currency: Currency::KRW };
    let settled = Settle { payment, show: Some(SHOW), said: Said::Approved };
    let cancel = Action::Cancel(Cancel { reservation: held, items: None }).apart(10_000);
    for (command, told) in [
        (charge(1, ANN, 100), "WALLET_NOT_EMPTY"),
        (hold(10, ANN, 1), "WALLET_NOT_EMPTY"),
        (by(11, ANN, pay), "WALLET_NOT_EMPTY"),
        (command(12, Actor::House, Action::Part(Part::Take(take))), "PAYMENT_IN_PROGRESS"),
        (house(13, Gateway::Settle(settled)), "closed"),
        (by(14, ANN, cancel), "REFUND_OWED"),
        (put_back(15, payment), "WALLET_NOT_EMPTY"),
        (repay(16, payment), "WALLET_NOT_EMPTY"),
        (spend(17), "closed"),
    ] {
        let number = u64::try_from(command.id.0).unwrap_or_default();
        let done = settle(&fresh, mode, vec![command]).await;
        assert!(done[0].is_ok(), "{done:?}");
        assert_eq!(close(&fresh, mode, 100 + number).await, told, "after {number}");
    }
}

async fn an_account_is_kept_if_money_is_owed_before_it_is_closed(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    let (held, payment) = (ReservationId(10), PaymentId(11));
    let pay = Action::Pay(Pay { reservation: held, expected: None }).apart(10_000);
    let take = Take { payment, buyer: ANN, amount: Money(100), currency: Currency::KRW };
    let settled = Settle { payment, show: Some(SHOW), said: Said::Approved };
    for command in [
        charge(1, ANN, 100),
        hold(10, ANN, 1),
        by(11, ANN, pay),
        command(12, Actor::House, Action::Part(Part::Take(take))),
        house(13, Gateway::Settle(settled)),
    ] {
        assert!(settle(&fresh, mode, vec![command]).await[0].is_ok());
    }
    // Nothing is owed when it is asked for, and something when it is decided.
    let close = close_account(&*fresh.reads, ANN).await.unwrap_or_else(|e| panic!("{e}"));
    let cancel = Action::Cancel(Cancel { reservation: held, items: None }).apart(10_000);
    assert!(settle(&fresh, mode, vec![by(14, ANN, cancel)]).await[0].is_ok());
    let told = settle(&fresh, mode, vec![by(15, ANN, close)]).await;
    assert_eq!(told[0].as_ref().err().map(admitone_domain::Refusal::code), Some("REFUND_OWED"));
}

async fn who_asks_wallets_alone_is_shown_no_payments_of_a_gateway(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    for (number, buyer) in [(10, BOB), (20, BOB), (30, ANN)] {
        assert!(settle(&fresh, mode, vec![hold(number, buyer, 1)]).await[0].is_ok());
        let pay = Pay { reservation: ReservationId(number), expected: None };
        let apart = by(number + 1, buyer, Action::Pay(pay).apart(15_000));
        let begun = if buyer == ANN { apart } else { begin(number + 1, buyer, number) };
        assert!(settle(&fresh, mode, vec![begun]).await[0].is_ok());
        fresh.clock.advance_ms(1_000);
    }
    assert_eq!(open_payments(&fresh).await, [11, 21, 31]);
    let of_wallets = fresh.reads.open_payments(Asking::Wallets, None, 1).await;
    let ids = of_wallets.map(|found| found.iter().map(|one| one.id.0).collect::<Vec<_>>());
    assert_eq!(ids, Ok(vec![31]), "the others hide nothing");
}

async fn open_payments_are_listed_page_by_page(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 5).await;
    for (number, buyer) in [(10, BOB), (20, ANN), (30, BOB), (40, ANN)] {
        assert!(settle(&fresh, mode, vec![hold(number, buyer, 1)]).await[0].is_ok());
        let pay = Pay { reservation: ReservationId(number), expected: None };
        let pinned = by(number + 1, buyer, Action::Pay(pay).apart(15_000));
        assert!(settle(&fresh, mode, vec![pinned]).await[0].is_ok());
        // The second and the third have one time.
        if number != 20 {
            fresh.clock.advance_ms(1_000);
        }
    }
    for asking in [Asking::Anybody, Asking::Wallets] {
        let (mut listed, mut after) = (Vec::new(), None);
        while listed.len() < 5 {
            let page = fresh.reads.open_payments(asking, after, 1).await;
            let page = page.unwrap_or_else(|trouble| panic!("{trouble}"));
            let Some(last) = page.last() else { break };
            after = turn(last);
            listed.extend(page.iter().map(|one| one.id.0));
        }
        assert_eq!(listed, [11, 21, 31, 41], "{asking:?}");
    }
}

/// Tries to close Ann's account; why not.
async fn close(fresh: &Fresh, mode: Mode, number: u64) -> &'static str {
    let action = close_account(&*fresh.reads, ANN).await.unwrap_or_else(|e| panic!("{e}"));
    match &settle(fresh, mode, vec![by(number, ANN, action)]).await[0] {
        Ok(_) => "closed",
        Err(refusal) => refusal.code(),
    }
}

fn put_back(number: u64, payment: PaymentId) -> Command {
    let (amount, currency, was_taken) = (Money(100), Currency::KRW, true);
    let back = PutBack { payment, number: 0, buyer: ANN, amount, currency, was_taken };
    command(number, Actor::House, Action::Part(Part::PutBack(back)))
}

/// The holds are over by now, and nobody finds them due.
async fn assert_pinned(fresh: &Fresh, mode: Mode) {
    fresh.clock.advance_ms(HOLD_MS);
    let due = fresh.reads.due(10).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(due, []);
    let refused = settle(fresh, mode, vec![hold(29, BOB, 4)]).await;
    assert!(refused[0].is_err(), "what is pinned is not sold: {refused:?}");
}

async fn open_payments(fresh: &Fresh) -> Vec<u64> {
    let found = fresh
        .reads
        .open_payments(Asking::Anybody, None, 10)
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    found.into_iter().map(|payment| payment.id.0).collect()
}

async fn sold_and_held(fresh: &Fresh) -> (u32, u32) {
    match row(fresh, Key::TicketType(STANDING)).await {
        Some(Row::TicketType(stock)) => (stock.sold, stock.held),
        other => panic!("{other:?}"),
    }
}

/// Pins a reservation for a payment of the command's number.
fn begin(number: u64, buyer: BuyerId, reservation: u64) -> Command {
    let begin = Begin {
        reservation: ReservationId(reservation),
        show: SHOW,
        key: format!("key{number}"),
        order: format!("res_{reservation}-1"),
        amount: Money(100),
        wait_ms: 15_000,
    };
    by(number, buyer, Action::Gateway(Gateway::Begin(begin)))
}

fn repay(number: u64, payment: PaymentId) -> Command {
    house(number, Gateway::Repay(Repay { payment, number: 0, repaid: Repaid::Done }))
}

fn spend(number: u64) -> Command {
    by(number, ANN, Action::Spend(Spend { amount: Money(100), currency: Currency::KRW }))
}

fn house(number: u64, step: Gateway) -> Command {
    command(number, Actor::House, Action::Gateway(step))
}
