//! Stories: what buyers ask of a small sale, what an operator changes, and what becomes of the caches in
//! front of its store meanwhile.

use super::front::Sight;
use super::{BUYERS, ROOM, SEATS};
use crate::steps::{SHOW, STANDING};
use admitone_conformance::sale::{operate, show};
use admitone_domain::command::operate::{Operate, SaveShow};
use admitone_domain::id::{ReservationId, SeatId};
use admitone_domain::pass::PassKey;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::show::Show;
use admitone_domain::{Change, Command, Delta, Guard, Key, Money, Row, Verdict};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// What buyers ask; reservations are counted back from the newest.
    Hold(u64, Vec<u64>),
    Tickets(u64, u32),
    Best(u64, u32),
    Pay(u64, usize),
    Release(u64, usize),
    /// A buyer stands in line again, and has another pass.
    Return(u64),
    /// An operator puts the show behind the room, or takes it away.
    Move(bool),
    Wait(u64),
    /// What becomes of what stands in front.
    Keep,
    See(Sight),
    Miss(u32),
    CatchUp,
    Lie(u64, bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let buyer = 1..=BUYERS;
    let sight = prop_oneof![
        Just(Sight::Clear),
        Just(Sight::Old),
        Just(Sight::Nothing),
        Just(Sight::Broken)
    ];
    let seats = prop::collection::btree_set(1..=u64::from(SEATS), 1..3);
    prop_oneof![
        4 => (buyer.clone(), seats).prop_map(|(b, s)| Step::Hold(b, s.into_iter().collect())),
        3 => (buyer.clone(), 1..=3_u32).prop_map(|(b, n)| Step::Tickets(b, n)),
        4 => (buyer.clone(), 1..=2_u32).prop_map(|(b, n)| Step::Best(b, n)),
        4 => (buyer.clone(), 0..4_usize).prop_map(|(b, n)| Step::Pay(b, n)),
        2 => (buyer.clone(), 0..4_usize).prop_map(|(b, n)| Step::Release(b, n)),
        1 => buyer.prop_map(Step::Return),
        1 => any::<bool>().prop_map(Step::Move),
        2 => (1..=40_000_u64).prop_map(Step::Wait),
        2 => Just(Step::Keep),
        3 => sight.prop_map(Step::See),
        3 => (1..=4_u32).prop_map(Step::Miss),
        1 => Just(Step::CatchUp),
        3 => (1..=u64::from(SEATS), any::<bool>()).prop_map(|(s, is_free)| Step::Lie(s, is_free)),
        2 => Just(Step::Restart),
    ]
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..40)
}

/// What boards and gates are made of, and what may be trusted in the twin.
pub(super) fn remembered() -> Vec<Key> {
    let seats = (1..=u64::from(SEATS)).map(|seat| Key::Seat(SeatId(seat)));
    let passes = (1..=BUYERS).map(|buyer| Key::Pass(pass(buyer, 0)));
    let others = [Key::Show(SHOW), Key::Plan(SHOW), Key::TicketType(STANDING)];
    seats.chain(passes).chain(others).collect()
}

/// The pass of a buyer who has come so many times before.
pub(super) fn pass(buyer: u64, times: u64) -> PassKey {
    PassKey { room: ROOM, epoch: 0, place: times * 10 + buyer }
}

/// An operator's command that puts the show behind the room, or takes it away.
pub(super) fn moved(number: u64, is_behind: bool) -> Command {
    let show = Show { room: is_behind.then_some(ROOM), ..show(SHOW) };
    operate(number, Operate::SaveShow(SaveShow { show, expected: None }))
}

/// That a seat is free, or sold, newer than anything that ever happened.
pub(super) fn lie(seat: u64, is_free: bool) -> Arc<Verdict> {
    let state = if is_free { SeatState::Free } else { SeatState::Sold { by: ReservationId(77) } };
    let row = Row::Seat(Seat { id: SeatId(seat), show: SHOW, price: Money(1), state });
    let change = Change {
        seen: u64::MAX / 2,
        guard: Guard::Unchanged,
        delta: Delta::Whole,
        row: Arc::new(row),
    };
    Arc::new(Verdict { changes: vec![change], ..Verdict::default() })
}
