//! Random commands against the room, audited: clock steps back, stalls, settings that change
//! live, resets, and kills after which the room is rebuilt from its records alone (S10, S11).

use super::auditor::{Auditor, Violation};
use super::*;
use crate::waiting_room::rules::Rule;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Command {
    Join { user: u64, renew: bool },
    Touch { user: u64, generation: u16 },
    End { user: u64 },
    Extend { place: u64, until_s: i64 },
    Change(Box<RoomSettings>),
    Reset,
    Kill { with_checkpoint: bool },
}

const USERS: u64 = 12;

fn command() -> impl Strategy<Value = Command> {
    let user = 0..USERS;
    prop_oneof![
        8 => (user.clone(), prop::bool::weighted(0.1))
            .prop_map(|(user, renew)| Command::Join { user, renew }),
        12 => (user.clone(), 0_u16..2)
            .prop_map(|(user, generation)| Command::Touch { user, generation }),
        4 => user.prop_map(|user| Command::End { user }),
        2 => (1_u64..30, 0_i64..2_000)
            .prop_map(|(place, until_s)| Command::Extend { place, until_s }),
        2 => any_settings().prop_map(|settings| Command::Change(Box::new(settings))),
        1 => Just(Command::Reset),
        2 => any::<bool>().prop_map(|with_checkpoint| Command::Kill { with_checkpoint }),
    ]
}

fn any_settings() -> impl Strategy<Value = RoomSettings> {
    let rate = prop_oneof![
        3 => Just(None),
        1 => (1_u32..4, Just(5_000)).prop_map(|(users, interval_ms)| {
            Some(Rate { users, interval_ms, shape: Shape::Grid })
        }),
        1 => (1_u32..4, 1_u32..3).prop_map(|(users, burst)| {
            Some(Rate { users, interval_ms: 2_000, shape: Shape::Smooth { burst } })
        }),
    ];
    let mode = prop_oneof![
        6 => Just(Mode::Open),
        1 => Just(Mode::Paused),
        1 => Just(Mode::Draining),
        1 => Just(Mode::Closed),
        1 => Just(Mode::Bypass { until_us: 90 * SECOND_US }),
    ];
    (prop::option::of(1_u32..4), rate, mode, any::<bool>(), 1_u32..5, 250_u64..4_000).prop_map(
        |(active_max, rate, mode, presence, invite_per_s, poll_floor_ms)| RoomSettings {
            active_max,
            rate,
            mode,
            presence,
            invite_per_s: Some(invite_per_s),
            deck_target: Some(2),
            poll_floor_ms,
            pass_ttl_ms: 20_000,
            claim_ms: 3_000,
            grace_ms: Some(60_000),
            ..RoomSettings::default()
        },
    )
}

fn step_ms() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0),
        8 => Just(250),
        4 => 1_i64..3_000,
        1 => Just(40_000),
        1 => -60_000_i64..0,
    ]
}

fn batch_of(command: &Command, room: &Room) -> Batch {
    let mut batch = Batch::default();
    match command {
        Command::Join { user: n, renew } => {
            batch.joins.push(Join { user: user(*n), renew: *renew });
        }
        Command::Touch { user: n, generation } => {
            let is_theirs = |place: &Place| room.member(*place).is_some_and(|m| m.0 == user(*n));
            let place = (1..=room.snapshot().issued).rev().map(Place).find(is_theirs);
            let place = place.unwrap_or(Place(*n));
            let generation = Generation(*generation);
            batch.touches.push(Touch { place, user: Some(user(*n)), generation });
        }
        Command::End { user: n } => {
            batch.ends.push(End { user: user(*n), place: None, reason: EndReason::Left });
        }
        Command::Extend { place, until_s } => {
            batch
                .extensions
                .push(Extension { place: Place(*place), until_us: until_s * SECOND_US });
        }
        Command::Change(settings) => batch.controls.push(Control::Change(settings.clone())),
        Command::Reset => batch.controls.push(Control::Reset),
        Command::Kill { .. } => {}
    }
    batch
}

/// All that must survive.
fn durable(room: &Room) -> impl PartialEq + std::fmt::Debug + use<> {
    let snapshot = room.snapshot();
    let places = (1..=snapshot.issued).map(Place);
    let people: Vec<_> = places.map(|place| (room.member(place), room.pass(place))).collect();
    (
        snapshot.epoch,
        snapshot.issued,
        people,
        room.settings().clone(),
        room.gauges().totals.admitted_total,
    )
}

fn recovered(history: &(Option<Vec<u8>>, Vec<Vec<u8>>), now_us: i64) -> Room {
    room(settings(2)).recover(history.0.as_deref(), &history.1, now_us).unwrap()
}

fn run(commands: &[(i64, Command)], broken: &'static [Rule]) -> (Vec<Violation>, u64) {
    let mut room = room(settings(2)).without(broken);
    let mut auditor = Auditor::new(settings(2));
    let mut history: (Option<Vec<u8>>, Vec<Vec<u8>>) = (None, Vec::new());
    let mut now_us = 0;
    for (step_ms, command) in commands {
        now_us += step_ms * 1_000;
        let outcome = room.exchange(now_us, &batch_of(command, &room));
        if !outcome.records.is_empty() {
            history.1.push(encode(&outcome.records));
        }
        auditor.check(&outcome);
        if let Command::Kill { with_checkpoint } = command {
            if *with_checkpoint {
                history = (Some(room.checkpoint().encode()), Vec::new());
            }
            let before = durable(&room);
            room = recovered(&history, now_us).without(broken);
            assert_eq!(durable(&room), before, "a kill changed something");
            // Time that passed without consequences need not survive.
            auditor.restart(room.snapshot().clock_us);
        }
    }
    let totals = room.gauges().totals;
    (auditor.violations, totals.overshoot_total + totals.order_violation_total)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_random_story_breaks_a_property(
        commands in prop::collection::vec((step_ms(), command()), 1..150),
    ) {
        prop_assert_eq!(run(&commands, &[]), (Vec::new(), 0));
    }

    #[test]
    fn bytes_that_are_no_history_are_refused_or_read_but_never_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&bytes);
        let _ = room(settings(1)).recover(Some(&bytes), &[], 0);
    }
}

/// The auditor is not blind: with a rule broken, the same stories show the harm.
fn harm_of(broken: &'static [Rule]) -> Vec<Violation> {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec((step_ms(), command()), 150);
    let mut found: Vec<_> = (0..200)
        .flat_map(|_| {
            let commands = strategy.new_tree(&mut runner).unwrap().current();
            let calm = |(_, command): &(i64, Command)| !matches!(command, Command::Kill { .. });
            let commands: Vec<_> = commands.into_iter().filter(calm).collect();
            run(&commands, broken).0
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn counting_only_the_claimed_lets_too_many_in() {
    assert!(harm_of(&[Rule::CalledTakesSlot]).contains(&Violation::TooManyActive));
}

#[test]
fn admitting_without_spending_credit_is_too_fast() {
    assert!(harm_of(&[Rule::CreditIsSpent]).contains(&Violation::TooFast));
}

#[test]
fn joining_again_at_the_back_gives_two_places() {
    assert!(harm_of(&[Rule::RejoinKeepsPlace]).contains(&Violation::UserHasTwoPlaces));
}
