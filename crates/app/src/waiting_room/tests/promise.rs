//! S3 and S9 with a crowd: whoever keeps the promised poll times is never overtaken, and no-shows
//! cost no throughput. And what it takes to break that.

use super::crowd::Crowd;
use super::*;
use crate::waiting_room::rules::Rule;

fn crowd(settings: RoomSettings, present_percent: u64, broken: &'static [Rule]) -> Crowd {
    Crowd::new(room(settings).without(broken), 2_000, present_percent, 60)
}

fn hundred() -> RoomSettings {
    settings(100)
}

fn smooth(users: u32, burst: u32) -> RoomSettings {
    let rate = Rate { users, interval_ms: 1_000, shape: Shape::Smooth { burst } };
    RoomSettings { rate: Some(rate), active_max: None, ..RoomSettings::default() }
}

#[test]
fn no_shows_neither_cost_throughput_nor_let_anybody_overtake() {
    for present_percent in [100, 70, 50, 30] {
        let mut crowd = crowd(hundred(), present_percent, &[]);
        let present = 20 * present_percent;
        // A hundred at once and then 100 in 60 s; less the tail in which nobody is left.
        let seconds = 300.min(i64::try_from(present).unwrap() * 6 / 10 - 90);
        crowd.run(seconds);
        let ideal = 100 + u64::try_from(seconds).unwrap() * 100 / 60;
        let admitted = crowd.admitted();
        println!("{present_percent} % present: {admitted} of {ideal}, {} polls", crowd.polls);
        assert_eq!(crowd.overtakes, 0);
        assert!(crowd.active_max_seen <= 100);
        assert!(admitted * 100 >= ideal * 85, "{admitted} of {ideal} at {present_percent} %");
        assert_eq!(crowd.room.gauges().totals.slot_idle_us_total, 0);
    }
}

#[test]
fn the_rate_is_reached_with_half_of_the_crowd_gone() {
    let mut crowd = crowd(smooth(4, 2), 50, &[]);
    crowd.run(200);
    assert!((720..=802).contains(&crowd.admitted()), "{}", crowd.admitted());
    assert_eq!(crowd.overtakes, 0);
}

#[test]
fn calling_the_absent_burns_slots() {
    let admitted = |presence| {
        let settings = RoomSettings { presence, ..hundred() };
        let mut crowd = crowd(settings, 30, &[]);
        crowd.run(240);
        crowd.admitted() - crowd.room.gauges().totals.no_show_total
    };
    let (with, without) = (admitted(true), admitted(false));
    assert!(with * 100 > without * 115, "{with} against {without}");
}

#[test]
fn without_the_ripe_check_promise_keepers_are_overtaken() {
    let overtakes = |broken| {
        // A deck so small that admission takes whoever comes first.
        let settings = RoomSettings { deck_target: Some(2), ..smooth(10, 5) };
        let mut crowd = crowd(settings, 50, broken);
        crowd.run(60);
        crowd.overtakes
    };
    assert_eq!(overtakes(&[]), 0);
    assert!(overtakes(&[Rule::OnlyRipe]) > 0);
}

#[test]
fn taking_the_largest_place_first_overtakes() {
    let overtakes = |broken| {
        let mut crowd = crowd(smooth(10, 5), 50, broken);
        crowd.run(60);
        (crowd.overtakes > 0, crowd.room.gauges().totals.order_violation_total > 0)
    };
    assert_eq!(overtakes(&[]), (false, false));
    assert_eq!(overtakes(&[Rule::SmallestFirst]), (true, true));
}

#[test]
fn after_a_stall_nobody_is_overtaken_by_whoever_comes_back_first() {
    let overtakes = |broken| {
        let mut crowd = crowd(smooth(10, 5), 50, broken);
        crowd.run(30);
        crowd.is_down = true;
        crowd.run(20);
        crowd.is_down = false;
        // They come back one after the other, as their poll times are over.
        crowd.scatter();
        crowd.run(30);
        crowd.overtakes
    };
    assert_eq!(overtakes(&[]), 0);
    assert!(overtakes(&[Rule::RestAfterStall]) > 0);
}

#[test]
fn after_a_kill_nobody_is_overtaken_by_whoever_comes_back_first() {
    let overtakes = |broken: &'static [Rule]| {
        let mut crowd = crowd(smooth(10, 5), 50, broken);
        crowd.run(30);
        let before = crowd.admitted();
        crowd.kill(room(smooth(10, 5)).without(broken));
        crowd.scatter();
        crowd.run(30);
        assert!(crowd.admitted() > before + 150);
        crowd.overtakes
    };
    assert_eq!(overtakes(&[]), 0);
    assert!(overtakes(&[Rule::RestAfterStall]) > 0);
}

#[test]
fn a_faster_pace_waits_until_older_promises_are_over() {
    let overtakes = |broken| {
        let slow = RoomSettings { invite_per_s: Some(20), ..smooth(4, 2) };
        let mut crowd = crowd(slow, 50, broken);
        crowd.run(30);
        crowd.set(RoomSettings {
            invite_per_s: Some(5_000),
            deck_target: Some(5_000),
            ..smooth(40, 20)
        });
        crowd.run(120);
        crowd.overtakes
    };
    assert_eq!(overtakes(&[]), 0);
    assert!(overtakes(&[Rule::OldPromisesHold]) > 0);
}

#[test]
fn limits_that_change_live_let_nobody_overtake() {
    let mut crowd = crowd(hundred(), 60, &[]);
    for (active_max, invite_per_s) in [(20, 5), (300, 500), (1, 50), (150, 8), (80, 5_000)] {
        let settings = RoomSettings { invite_per_s: Some(invite_per_s), ..settings(active_max) };
        crowd.set(settings);
        crowd.run(75);
    }
    assert_eq!(crowd.overtakes, 0);
    assert!(crowd.admitted() > 300);
}

#[test]
fn the_interval_of_a_forecast_holds_about_three_times_in_five() {
    let mut crowd = Crowd::new(room(smooth(10, 5)), 6_000, 50, 60);
    crowd.run(240);
    let gauges = crowd.room.gauges();
    let coverage = gauges.eta_coverage_permille.unwrap();
    assert!((450..=950).contains(&coverage), "{coverage}");
    assert!((440..=560).contains(&gauges.show_rate_permille.unwrap()));
}
