//! Single stories of the line, and what a broken rule does to them.

use super::auditor::{Auditor, Violation};
use super::*;
use crate::waiting_room::rules::Rule;

fn standing(outcome: &Outcome) -> Standing {
    outcome.joined[0].unwrap().position.standing
}

fn is_active(outcome: &Outcome) -> bool {
    let joined = outcome.joined.iter().flatten().map(|joined| joined.position);
    let touched = outcome.touched.iter().flatten().copied();
    joined.chain(touched).any(|position| matches!(position.standing, Standing::Active { .. }))
}

/// Ticks four times a second; user `n` polls every second meanwhile.
fn keep_polling(room: &mut Room, n: u64, place: Place, from_us: i64, for_us: i64) -> Option<i64> {
    for now_us in (from_us..from_us + for_us).step_by(250_000) {
        let polls = (now_us - from_us) % SECOND_US == 0;
        let batch = if polls { touch(n, place) } else { Batch::default() };
        if is_active(&room.exchange(now_us, &batch)) {
            return Some(now_us);
        }
    }
    None
}

#[test]
fn an_empty_room_has_no_delay() {
    let mut room = room(settings(2));
    assert!(is_active(&room.exchange(0, &join(1))));
    assert!(is_active(&room.exchange(3_600 * SECOND_US, &join(2))));
    assert_eq!(
        standing(&room.exchange(3_601 * SECOND_US, &join(3))),
        Standing::Active { deadline_us: 4_201 * SECOND_US }
    );
}

#[test]
fn one_user_has_one_place_however_often_he_joins() {
    let tries = |room: &mut Room| {
        let first = room.exchange(0, &join(1)).joined[0].unwrap();
        let again = room.exchange(1, &join(1)).joined[0].unwrap();
        (first.position.place, again.position.place)
    };
    let (first, again) = tries(&mut room(settings(1)));
    assert_eq!(first, again);
    let (first, again) = tries(&mut room(settings(1)).without(&[Rule::RejoinKeepsPlace]));
    assert_ne!(first, again, "without the rule the place is lost");
}

#[test]
fn even_a_lost_index_puts_nobody_in_twice() {
    let active = |broken: &'static [Rule]| {
        let mut room = room(settings(5)).without(broken);
        let mut auditor = Auditor::new(settings(5));
        auditor.check(&room.exchange(0, &join(1)));
        auditor.check(&room.exchange(1, &join(1)));
        auditor.violations
    };
    let lost = active(&[Rule::RejoinKeepsPlace]);
    assert_eq!(lost, [Violation::UserHasTwoPlaces]);
    let twice = active(&[Rule::RejoinKeepsPlace, Rule::OnePassPerUser]);
    assert!(twice.contains(&Violation::UserHasTwoPasses));
}

#[test]
fn called_users_take_their_slots_before_they_claim_them() {
    let violations = |broken: &'static [Rule]| {
        let settings = RoomSettings { presence: false, ..settings(2) };
        let mut room = room(settings.clone()).without(broken);
        let mut auditor = Auditor::new(settings);
        for n in 1..=2 {
            auditor.check(&room.exchange(0, &join(n)));
        }
        auditor.check(&room.exchange(0, &join(3)));
        auditor.check(&room.exchange(0, &join(4)));
        auditor.check(&room.exchange(0, &end(1)));
        // Place 3 is called and does not come; nobody else may have its slot.
        for ms in 1..10 {
            auditor.check(&room.exchange(ms * 1_000, &join(10 + u64::try_from(ms).unwrap())));
        }
        auditor.violations
    };
    assert_eq!(violations(&[]), []);
    assert!(violations(&[Rule::CalledTakesSlot]).contains(&Violation::TooManyActive));
}

#[test]
fn a_call_that_lapsed_keeps_its_place_and_comes_first_again() {
    let story = |broken: &'static [Rule]| {
        let settings = RoomSettings { presence: false, ..settings(1) };
        let mut room = room(settings).without(broken);
        room.exchange(0, &join(1));
        for n in 2..=3 {
            room.exchange(0, &join(n));
        }
        room.exchange(SECOND_US, &end(1));
        // Place 2 sleeps through its call, so place 3 is called next.
        room.exchange(32 * SECOND_US, &Batch::default());
        room.exchange(33 * SECOND_US, &touch(3, Place(3)));
        let back = room.exchange(34 * SECOND_US, &touch(2, Place(2))).touched[0];
        room.exchange(35 * SECOND_US, &join(4));
        let outcome = room.exchange(36 * SECOND_US, &end(3));
        (back.is_ok(), outcome.admitted_now.first().map(|admission| admission.place))
    };
    assert_eq!(story(&[]), (true, Some(Place(2))));
    assert_eq!(story(&[Rule::LapseKeepsPlace]), (false, Some(Place(4))));
}

#[test]
fn whoever_went_away_is_not_called_and_keeps_nobody_waiting() {
    let comes_in = |broken: &'static [Rule]| {
        let mut room = room(settings(1)).without(broken);
        for n in 1..=3 {
            room.exchange(0, &join(n));
        }
        // Both come as far as they can; place 2 is never heard of again.
        keep_polling(&mut room, 2, Place(2), 0, 10 * SECOND_US);
        keep_polling(&mut room, 3, Place(3), 10 * SECOND_US, 20 * SECOND_US);
        room.exchange(30 * SECOND_US, &end(1));
        keep_polling(&mut room, 3, Place(3), 30 * SECOND_US, 10 * SECOND_US).is_some()
    };
    assert!(comes_in(&[]));
    assert!(!comes_in(&[Rule::OnlyPresent]), "the slot waits for nobody");
}

#[test]
fn a_place_that_was_passed_longer_ago_than_the_grace_is_over() {
    let story = |grace_ms| {
        let settings = RoomSettings { grace_ms, ..settings(1) };
        let mut room = room(settings);
        for n in 1..=3 {
            room.exchange(0, &join(n));
        }
        room.exchange(SECOND_US, &end(1));
        for s in 2..2_000 {
            room.exchange(s * SECOND_US, &touch(3, Place(3)));
        }
        let late = room.exchange(2_000 * SECOND_US, &touch(2, Place(2))).touched[0];
        let rejoined = room.exchange(2_000 * SECOND_US, &join(2)).joined[0].unwrap();
        (late.map(|position| position.place), rejoined.position.place)
    };
    assert_eq!(story(Some(600_000)), (Err(Gone::Passed), Place(4)));
    assert_eq!(story(None), (Ok(Place(2)), Place(2)));
}

#[test]
fn waiting_on_the_deck_of_a_full_room_does_not_use_up_the_grace() {
    let settings = RoomSettings { pass_ttl_ms: 86_400_000, ..settings(1) };
    let mut room = room(settings);
    room.exchange(0, &join(1));
    room.exchange(0, &join(2));
    assert_eq!(keep_polling(&mut room, 2, Place(2), SECOND_US, 1_800 * SECOND_US), None);
    let back = room.exchange(1_830 * SECOND_US, &touch(2, Place(2)));
    assert_eq!(back.touched[0].map(|position| position.standing), Ok(Standing::OnDeck));
}

#[test]
fn an_older_token_of_the_same_place_is_void() {
    let story = |broken: &'static [Rule]| {
        let mut room = room(settings(1)).without(broken);
        room.exchange(0, &join(1));
        let renew = Batch { joins: vec![Join { user: user(1), renew: true }], ..Batch::default() };
        assert_eq!(room.exchange(1, &renew).joined[0].unwrap().generation, Generation(1));
        room.exchange(2, &touch(1, Place(1))).touched[0].map(|position| position.place)
    };
    assert_eq!(story(&[]), Err(Gone::Renewed));
    assert_eq!(story(&[Rule::GenerationCounts]), Ok(Place(1)));
}

#[test]
fn a_token_with_another_user_is_void() {
    let mut room = room(settings(1));
    room.exchange(0, &join(1));
    assert_eq!(room.exchange(1, &touch(2, Place(1))).touched[0], Err(Gone::OtherUser));
}

/// Until when somebody keeps a pass who holds and releases every minute for a day, in seconds.
fn kept_by_holding(broken: &'static [Rule]) -> i64 {
    let mut room = room(settings(1)).without(broken);
    room.exchange(0, &join(1));
    let mut kept_s = 0;
    for minute in 1..1_440 {
        let now_us = minute * 60 * SECOND_US;
        let extension = Extension { place: Place(1), until_us: now_us + 300 * SECOND_US };
        let batch = Batch { extensions: vec![extension], ..Batch::default() };
        match room.exchange(now_us, &batch).extended[0] {
            Some(deadline_us) => kept_s = deadline_us / SECOND_US,
            None => break,
        }
    }
    kept_s
}

#[test]
fn holding_and_releasing_in_turns_does_not_keep_a_pass_for_ever() {
    // The call, the pass, and what holds may add: 30 s, 10 and 30 minutes.
    assert_eq!(kept_by_holding(&[]), 30 + 600 + 1_800);
    assert!(kept_by_holding(&[Rule::ExtensionsEnd]) > 86_000, "the harm");
}

#[test]
fn a_hold_extends_a_pass_within_bounds() {
    let mut room = room(settings(1));
    room.exchange(0, &join(1));
    let extend = |until_us| Batch {
        extensions: vec![Extension { place: Place(1), until_us }],
        ..Batch::default()
    };
    let later_us = 700 * SECOND_US;
    assert_eq!(room.exchange(1, &extend(later_us)).extended, [Some(later_us)]);
    assert_eq!(room.exchange(1, &extend(5)).extended, [Some(later_us)], "never backwards");
    assert_eq!(room.exchange(1, &extend(i64::MAX)).extended, [Some(1_800 * SECOND_US + 1)]);
    let over = room.exchange(1_801 * SECOND_US, &touch(1, Place(1)));
    assert_eq!(over.touched[0], Err(Gone::Ended));
}

#[test]
fn late_news_of_an_old_place_does_not_end_a_newer_one() {
    let mut room = room(settings(1));
    room.exchange(0, &join(1));
    room.exchange(1, &end(1));
    room.exchange(2, &join(1));
    let late = End { user: user(1), place: Some(Place(1)), reason: EndReason::Paid };
    let outcome = room.exchange(3, &Batch { ends: vec![late], ..Batch::default() });
    assert_eq!(outcome.ended, [None]);
    assert!(room.member(Place(2)).is_some());
}

#[test]
fn modes_give_places_and_passes_as_they_say() {
    for (mode, gives, admits) in [
        (Mode::Open, true, true),
        (Mode::Paused, true, false),
        (Mode::Draining, false, true),
        (Mode::Closed, false, false),
        (Mode::Bypass { until_us: i64::MAX }, true, true),
    ] {
        let mut room = room(settings(1));
        room.exchange(0, &join(1));
        room.exchange(0, &join(2));
        let change = Control::Change(Box::new(RoomSettings { mode, ..settings(1) }));
        room.exchange(1, &Batch { controls: vec![change], ..end(1) });
        assert_eq!(room.exchange(2, &join(3)).joined[0].is_ok(), gives, "{mode:?}");
        let active = room.exchange(3, &touch(2, Place(2)));
        assert_eq!(is_active(&active), admits, "{mode:?}");
    }
}

#[test]
fn a_bypass_ends_by_itself() {
    let mode = Mode::Bypass { until_us: 10 };
    let mut room = room(RoomSettings { mode, ..settings(1) });
    assert_eq!(room.exchange(9, &Batch::default()).snapshot.mode, mode);
    assert_eq!(room.exchange(10, &Batch::default()).snapshot.mode, Mode::Open);
}

#[test]
fn lowering_the_limit_puts_nobody_out_and_admits_nobody_until_there_is_room() {
    let mut room = room(settings(3));
    (1..=4).for_each(|n| drop(room.exchange(0, &join(n))));
    let change = Control::Change(Box::new(settings(1)));
    room.exchange(1, &Batch { controls: vec![change], ..Batch::default() });
    assert_eq!(room.gauges().active_claimed, 3);
    (1..=2).for_each(|n| drop(room.exchange(1, &end(n))));
    assert!(!is_active(&room.exchange(2, &touch(4, Place(4)))));
    room.exchange(3, &end(3));
    assert!(is_active(&room.exchange(4, &touch(4, Place(4)))));
}

#[test]
fn a_reset_voids_every_place_and_pass() {
    let mut room = room(settings(1));
    room.exchange(0, &join(1));
    let reset = Batch { controls: vec![Control::Reset], ..Batch::default() };
    let outcome = room.exchange(1, &reset);
    assert_eq!((outcome.snapshot.epoch, outcome.snapshot.issued), (2, 0));
    assert_eq!(room.pass(Place(1)), None);
    assert_eq!(room.exchange(2, &touch(1, Place(1))).touched[0], Err(Gone::Ended));
}

/// A room that lets one in a second, after ten minutes of it: its history, and the moment.
fn ten_minutes_of_admissions(settings: &RoomSettings) -> (Vec<Vec<u8>>, i64) {
    let mut room = room(settings.clone());
    let mut history = Vec::new();
    for n in 1..=600 {
        let now_us = i64::try_from(n).unwrap() * SECOND_US;
        let outcome = room.exchange(now_us, &join(n));
        assert!(is_active(&outcome), "{n} is let in");
        history.push(encode(&outcome.records));
    }
    (history, 601 * SECOND_US)
}

#[test]
fn a_room_that_comes_back_without_a_checkpoint_goes_on_at_its_rate() {
    let shape = Shape::Smooth { burst: 1 };
    let rate = Some(Rate { users: 1, interval_ms: 1_000, shape });
    let settings = RoomSettings { active_max: None, rate, ..RoomSettings::default() };
    let (history, now_us) = ten_minutes_of_admissions(&settings);
    let mut back = Room::new(1, settings, now_us).unwrap().recover(None, &history, now_us).unwrap();
    let called = back.slots().map(|(_, slot)| slot.called_us / SECOND_US);
    assert!(called.eq(1..=600), "a pass lasts from its call");
    assert!(is_active(&back.exchange(now_us, &join(601))), "the next second has its own credit");
}
