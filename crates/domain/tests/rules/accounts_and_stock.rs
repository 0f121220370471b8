//! What operators change, and accounts.

use crate::house::{ANN, GATED, House, OPENS, SHOW, charge, seats, show, standing};
use admitone_domain::command::operate::{
    CloseAccount, MoveShow, OpenAccount, Operate, Rehearse, SaveConcert, SaveOperator, SaveSeats,
    SaveShow, SaveTicketType, SeatChange,
};
use admitone_domain::id::{BuyerId, ConcertId, OperatorId, RoomId, SeatId, ShowId, TicketTypeId};
use admitone_domain::party::{Buyer, Operator, Role};
use admitone_domain::show::Show;
use admitone_domain::{
    Action, Actor, Deed, Guard, Happening, Key, Moment, Money, Outcome, Refusal, Row, StoredAnswer,
};

#[test]
fn a_capacity_never_falls_below_what_is_sold_and_held() {
    let mut house = House::new();
    house.hold_standing(ANN, 3).unwrap();
    let save =
        |house: &mut House, capacity| house.operate(Operate::SaveTicketType(standing(capacity)));
    assert_eq!(save(&mut house, 2), Err(Refusal::CapacityInUse { used: 3 }));
    assert!(save(&mut house, 3).is_ok());
    assert_eq!(house.stock(), (3, 0), "what is held stays held");
}

#[test]
fn who_changes_an_old_version_is_told_the_new_one() {
    let mut house = House::new();
    let version = house.rows[&Key::TicketType(crate::house::STANDING)].version;
    let save = SaveTicketType { expected: Some(version), ..standing(9) };
    assert!(house.operate(Operate::SaveTicketType(save.clone())).is_ok());
    let stale = house.operate(Operate::SaveTicketType(save));
    assert_eq!(stale, Err(Refusal::VersionConflict { version: version + 1 }));
}

#[test]
fn a_seat_of_the_same_name_is_refused_and_a_free_one_can_be_blocked() {
    let mut house = House::new();
    let again = house.operate(Operate::AddSeats(seats(SHOW, 100, 3, "A")));
    assert_eq!(again, Err(Refusal::SeatExists));
    assert!(house.operate(Operate::AddSeats(seats(SHOW, 100, 3, "B"))).is_ok());
    let change = |house: &mut House, seat, change| {
        house.operate(Operate::SaveSeats(SaveSeats {
            show: SHOW,
            seats: vec![SeatId(seat)],
            change,
        }))
    };
    assert!(change(&mut house, 100, SeatChange::Block).is_ok());
    assert_eq!(house.hold(ANN, &[100]), Err(Refusal::SeatTaken(vec![SeatId(100)])));
    assert!(change(&mut house, 100, SeatChange::Unblock).is_ok());
    assert!(change(&mut house, 101, SeatChange::Price(Money(7))).is_ok());
    let held = house.hold(ANN, &[100, 101]).unwrap();
    assert_eq!(held.items[1].price, Money(7));
    assert_eq!(
        change(&mut house, 100, SeatChange::Block),
        Err(Refusal::SeatTaken(vec![SeatId(100)]))
    );
    assert_eq!(change(&mut house, 100, SeatChange::Unblock), Err(Refusal::InvalidState));
    assert_eq!(
        change(&mut house, 11, SeatChange::Block),
        Err(Refusal::UnknownSeat(vec![SeatId(11)]))
    );
    assert_eq!(change(&mut house, 102, SeatChange::Price(Money(-1))), Err(Refusal::InvalidAmount));
}

#[test]
fn a_show_needs_a_concert_a_room_that_exists_and_windows_that_end_after_they_begin() {
    let mut house = House::new();
    let save = |house: &mut House, show| {
        house.operate(Operate::SaveShow(SaveShow { show, expected: None }))
    };
    let good = show(ShowId(9), None);
    let orphan = Show { concert: ConcertId(9), ..good.clone() };
    assert_eq!(save(&mut house, orphan), Err(Refusal::UnknownParent));
    let roomless = Show { room: Some(RoomId(9)), ..good.clone() };
    assert_eq!(save(&mut house, roomless), Err(Refusal::UnknownParent));
    for (opens_at, booking_closes_at) in [(OPENS.plus_ms(1), OPENS), (OPENS, Moment(0))] {
        let wrong = Show { opens_at, booking_closes_at, ..good.clone() };
        assert_eq!(save(&mut house, wrong), Err(Refusal::InvalidWindow));
    }
    assert!(save(&mut house, good).is_ok());
}

#[test]
fn a_concert_knows_its_first_and_last_show() {
    let mut house = House::new();
    let early = Show { opens_at: Moment(500), ..show(ShowId(9), None) };
    house.operate(Operate::SaveShow(SaveShow { show: early, expected: None })).unwrap();
    let Row::Concert(concert) = house.row(Key::Concert(ConcertId(1))).clone() else { panic!() };
    assert_eq!((concert.first_at, concert.last_at), (Moment(500), OPENS));
    let renamed = admitone_domain::concert::Concert {
        title: "Summer".into(),
        first_at: Moment(0),
        ..concert.clone()
    };
    let save = SaveConcert { concert: renamed, expected: None };
    house.operate(Operate::SaveConcert(save)).unwrap();
    let Row::Concert(kept) = house.row(Key::Concert(ConcertId(1))) else { panic!() };
    assert_eq!((kept.title.as_str(), kept.first_at), ("Summer", Moment(500)));
    let dollars = admitone_domain::concert::Concert { currency: "USD".parse().unwrap(), ..concert };
    let save = SaveConcert { concert: dollars, expected: None };
    assert_eq!(house.operate(Operate::SaveConcert(save)), Err(Refusal::CurrencyMismatch));
}

#[test]
fn a_show_that_moves_takes_the_dates_of_its_concert_along() {
    let mut house = House::new();
    let dates = |house: &House| match house.row(Key::Concert(ConcertId(1))) {
        Row::Concert(concert) => (concert.first_at, concert.last_at),
        other => panic!("{other:?}"),
    };
    let (sooner, later) = (Moment(OPENS.0 - 500), OPENS.plus_ms(5));
    let changed = |opens_at| Show { opens_at, closes_at: later.plus_ms(1), ..show(SHOW, None) };
    let moved = |house: &mut House, opens_at, concert_version| {
        let save = SaveShow { show: changed(opens_at), expected: None };
        let others = vec![GATED];
        house.operate(Operate::MoveShow(MoveShow { save, concert_version, others })).unwrap();
    };
    let version = |house: &House| house.rows[&Key::Concert(ConcertId(1))].version;
    let known = version(&house);
    moved(&mut house, later, known);
    assert_eq!(dates(&house), (OPENS, later), "the other show stays where it is");
    let known = version(&house);
    moved(&mut house, sooner, known);
    assert_eq!(dates(&house), (sooner, OPENS), "nothing is left at its old date");
    // A show was made that whoever moves this one has not seen.
    let unseen = Show { opens_at: Moment(7), ..show(ShowId(9), None) };
    house.operate(Operate::SaveShow(SaveShow { show: unseen, expected: None })).unwrap();
    let stale = version(&house) - 1;
    moved(&mut house, later, stale);
    assert_eq!(dates(&house), (Moment(7), later), "a show that nobody saw stays within the dates");
}

#[test]
fn an_account_is_opened_once() {
    let mut house = House::new();
    let buyer = Buyer {
        id: BuyerId(9),
        name: "Ann".into(),
        created_at: Moment(0),
        disabled: false,
        password: None,
    };
    let open = Operate::OpenAccount(OpenAccount { buyer });
    assert_eq!(house.operate(open.clone()), Ok(Outcome::Joined(BuyerId(9))));
    assert_eq!(house.operate(open), Err(Refusal::AccountExists));
}

#[test]
fn an_account_is_closed_when_its_wallet_is_empty_and_its_name_is_forgotten() {
    let mut house = House::new();
    let buyer = Buyer {
        id: BuyerId(9),
        name: "Ann".into(),
        created_at: Moment(0),
        disabled: false,
        password: Some("hash".into()),
    };
    house.operate(Operate::OpenAccount(OpenAccount { buyer })).unwrap();
    let close = |house: &mut House, buyer| {
        let payments = Vec::new();
        house.operate(Operate::CloseAccount(CloseAccount { buyer, payments }))
    };
    assert!(close(&mut house, BuyerId(9)).is_ok());
    let Row::Buyer(closed) = house.row(Key::Buyer(BuyerId(9))) else { panic!() };
    assert_eq!((closed.name.as_str(), closed.disabled, &closed.password), ("", true, &None));
    assert!(close(&mut house, BuyerId(10)).is_ok(), "one that was never opened here");
    house.charge(ANN, 5).unwrap();
    assert_eq!(close(&mut house, ANN), Err(Refusal::WalletNotEmpty { balance: Money(5) }));
}

#[test]
fn nothing_comes_into_the_wallet_of_a_closed_account() {
    let mut house = House::new();
    let both = |house: &mut House| {
        let close = Operate::CloseAccount(CloseAccount { buyer: ANN, payments: Vec::new() });
        [Action::Operate(close), charge(5)].map(|action| house.command(Actor::Buyer(ANN), action))
    };
    // Decided on the same rows, both write the wallet, which is not there yet, as a whole.
    for command in both(&mut house) {
        let verdict = house.verdict(&[command]);
        let wallet =
            verdict.changes.iter().find(|change| change.key() == Key::Wallet(ANN)).unwrap();
        assert_eq!((wallet.seen, wallet.guard), (0, Guard::Unchanged));
    }
    // In one batch, whichever is first.
    for is_closed_first in [true, false] {
        let mut house = House::new();
        let mut batch = both(&mut house);
        if !is_closed_first {
            batch.reverse();
        }
        let answers = house.settle(&batch);
        assert!(answers[0].is_ok(), "{answers:?}");
        let refused = if is_closed_first {
            Refusal::WalletClosed
        } else {
            Refusal::WalletNotEmpty { balance: Money(5) }
        };
        assert_eq!(answers[1], Err(refused));
    }
    // One after the other; nobody else can do it either.
    house
        .operate(Operate::CloseAccount(CloseAccount { buyer: ANN, payments: Vec::new() }))
        .unwrap();
    assert_eq!(house.charge(ANN, 5), Err(Refusal::WalletClosed));
    assert_eq!(house.balance(ANN), 0);
}

#[test]
fn a_later_change_of_a_row_in_one_command_sees_the_earlier_one() {
    let mut house = House::new();
    let twice =
        SaveSeats { show: SHOW, seats: vec![SeatId(1), SeatId(1)], change: SeatChange::Block };
    let refused = house.operate(Operate::SaveSeats(twice));
    assert_eq!(refused, Err(Refusal::SeatTaken(vec![SeatId(1)])));
    assert!(house.hold(BuyerId(1), &[1]).is_ok(), "nothing of it remained");
}

/// As many seats as one command may name: a scan of what was staged before each would take minutes.
#[test]
fn a_stadium_is_added_and_repriced_in_one_command_each() {
    let mut house = House::new();
    let count = 60_000;
    house.operate(Operate::AddSeats(seats(SHOW, 1_000, count, "Z"))).unwrap();
    let all: Vec<SeatId> = (1_000..1_000 + u64::from(count)).map(SeatId).collect();
    let save = SaveSeats { show: SHOW, seats: all, change: SeatChange::Price(Money(7)) };
    house.operate(Operate::SaveSeats(save)).unwrap();
    let Row::Seat(last) = house.row(Key::Seat(SeatId(60_999))) else { panic!() };
    assert_eq!(last.price, Money(7));
}

#[test]
fn the_answer_to_what_made_something_never_gets_old_and_others_do() {
    let mut house = House::new();
    let now = house.now;
    let at = |house: &mut House, operate| {
        let command = house.command(admitone_domain::Actor::House, Action::Operate(operate));
        house.verdict(&[command]).answers[0].at
    };
    let new = |expected| SaveTicketType { id: TicketTypeId(9), expected, ..standing(5) };
    let made = at(&mut house, Operate::SaveTicketType(new(Some(0))));
    assert_eq!(made, StoredAnswer::FOR_EVER);
    assert_eq!(at(&mut house, Operate::AddSeats(seats(SHOW, 500, 2, "Z"))), StoredAnswer::FOR_EVER);
    assert_eq!(at(&mut house, Operate::SaveTicketType(standing(6))), now, "a change");
    let refused = SaveTicketType { price: Money(-1), ..new(Some(0)) };
    assert_eq!(at(&mut house, Operate::SaveTicketType(refused)), now, "a refusal");
}

const OPAL: OperatorId = OperatorId(1);
const OTTO: OperatorId = OperatorId(2);

fn operator(id: OperatorId, role: Role, disabled: bool) -> Action {
    let operator = Operator {
        id,
        name: id.to_string(),
        key_hash: [0; 32],
        created_at: Moment(0),
        disabled,
        role,
    };
    Action::Operate(Operate::SaveOperator(SaveOperator { operator, expected: None }))
}

/// Opal and Otto, owners both.
fn owned() -> House {
    let mut house = House::new();
    for id in [OPAL, OTTO] {
        house.act(Actor::House, operator(id, Role::Owner, false)).unwrap();
    }
    house
}

fn owners(house: &House) -> usize {
    let is_owner = |loaded: &admitone_domain::Loaded| match &*loaded.row {
        Row::Operator(operator) => operator.is_owner(),
        _ => false,
    };
    house.rows.values().filter(|loaded| is_owner(loaded)).count()
}

#[test]
fn two_owners_who_refuse_each_other_leave_one() {
    let refusals = [(OPAL, OTTO), (OTTO, OPAL)];
    // In one batch.
    let mut house = owned();
    let commands = refusals
        .map(|(by, whom)| house.command(Actor::Operator(by), operator(whom, Role::Owner, true)));
    let answers = house.settle(&commands);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Refusal::OwnerNeeded));
    assert_eq!(owners(&house), 1);

    // In two, decided on the same rows: they write the same ones, so a store lets one through.
    let house = owned();
    let verdicts = commands.each_ref().map(|command| house.verdict(std::slice::from_ref(command)));
    let written = verdicts.each_ref().map(|verdict| {
        let mut keys: Vec<(Key, u64)> =
            verdict.changes.iter().map(|change| (change.key(), change.seen)).collect();
        keys.sort_unstable();
        keys
    });
    assert_eq!(written[0].len(), 2);
    assert_eq!(written[0], written[1]);
}

#[test]
fn without_the_guard_nobody_is_left() {
    // The house itself is not guarded: what it does is what would happen.
    let mut house = owned();
    for whom in [OTTO, OPAL] {
        house.act(Actor::House, operator(whom, Role::Owner, true)).unwrap();
    }
    assert_eq!(owners(&house), 0);
}

#[test]
fn an_owner_makes_keys_and_nobody_else_and_never_less_of_the_own() {
    let mut house = owned();
    let as_opal = Actor::Operator(OPAL);
    let needed = Err(Refusal::OwnerNeeded);
    assert_eq!(house.act(as_opal, operator(OPAL, Role::Owner, true)), needed);
    assert_eq!(house.act(as_opal, operator(OPAL, Role::Door, false)), needed);
    assert!(house.act(as_opal, operator(OTTO, Role::Door, false)).is_ok());
    let as_otto = Actor::Operator(OTTO);
    assert_eq!(house.act(as_otto, operator(OperatorId(3), Role::Owner, false)), needed);
    let nobody = Actor::Operator(OperatorId(9));
    assert_eq!(house.act(nobody, operator(OPAL, Role::Owner, true)), needed);
    assert_eq!(owners(&house), 1);
}

#[test]
fn a_rehearsal_is_told_and_changes_nothing() {
    let mut house = owned();
    let rehearse = || Action::Operate(Operate::Rehearse(Rehearse { buyers: 7 }));
    let command = house.command(Actor::Operator(OPAL), rehearse());
    let verdict = house.verdict(&[command]);
    let key = Key::Operator(OPAL);
    assert!(verdict.changes.iter().all(|change| change.row == house.rows[&key].row));
    assert!(verdict.changes.len() == 1 && verdict.entries.is_empty(), "{verdict:?}");
    let by = OPAL.to_string();
    let told: Vec<&Happening> = verdict.events.iter().map(|event| &event.what).collect();
    assert_eq!(told, [&Happening::Acted { by, deed: Deed::Rehearsed }]);
    for other in [Actor::Buyer(ANN), Actor::House, Actor::Operator(OperatorId(9))] {
        assert_eq!(house.act(other, rehearse()), Err(Refusal::InvalidState));
    }
    house.act(Actor::House, operator(OTTO, Role::Owner, true)).unwrap();
    assert_eq!(house.act(Actor::Operator(OTTO), rehearse()), Err(Refusal::InvalidState));
}
