//! Every story of a small world: up to two slots, three users, all orders of join, touch, leave
//! and time going by, to a fixed depth. What random stories may miss, these cannot.

use super::auditor::{Auditor, Violation};
use super::*;
use crate::waiting_room::rules::Rule;

const USERS: u64 = 3;
const DEPTH: u32 = 5;

struct World {
    room: Room,
    auditor: Auditor,
    now_us: i64,
}

/// So long after the last step, this is asked by that user.
type Step = (i64, Option<fn(u64) -> Batch>, u64);

fn steps() -> Vec<Step> {
    let mut steps = vec![
        (SECOND_US / 4, None, 0),
        // Past a reaction, past a claim, past a pass.
        (2 * SECOND_US, None, 0),
        (5 * SECOND_US, None, 0),
    ];
    for n in 1..=USERS {
        steps.push((1, Some(join as fn(u64) -> Batch), n));
        steps.push((1, Some(|n| touch(n, Place(n))), n));
        steps.push((1, Some(end), n));
    }
    steps
}

/// Returns how many stories were told.
fn explore(world: &World, depth: u32, found: &mut Vec<Violation>) -> u64 {
    if depth == 0 {
        return 1;
    }
    let mut stories = 0;
    for (step_us, ask, n) in steps() {
        let mut next = World {
            room: world.room.clone(),
            auditor: world.auditor.clone(),
            now_us: world.now_us + step_us,
        };
        let batch = ask.map_or_else(Batch::default, |ask| ask(n));
        let outcome = next.room.exchange(next.now_us, &batch);
        next.auditor.check(&outcome);
        found.append(&mut next.auditor.violations);
        let totals = next.room.gauges().totals;
        assert_eq!((totals.overshoot_total, totals.order_violation_total), (0, 0));
        stories += explore(&next, depth - 1, found);
    }
    stories
}

fn world(active_max: u32, presence: bool, broken: &'static [Rule]) -> World {
    let settings = RoomSettings {
        presence,
        claim_ms: 2_000,
        pass_ttl_ms: 4_000,
        grace_ms: Some(60_000),
        ..settings(active_max)
    };
    let room = room(settings.clone()).without(broken);
    World { room, auditor: Auditor::new(settings), now_us: 0 }
}

/// A world in which everybody has joined and the first are inside.
fn line(active_max: u32, presence: bool) -> World {
    let mut world = world(active_max, presence, &[]);
    for n in 1..=USERS {
        let outcome = world.room.exchange(world.now_us, &join(n));
        world.auditor.check(&outcome);
    }
    world
}

#[test]
fn no_small_story_breaks_a_property() {
    for active_max in 1..=2 {
        for presence in [true, false] {
            let mut found = Vec::new();
            let stories = explore(&world(active_max, presence, &[]), DEPTH, &mut found)
                + explore(&line(active_max, presence), DEPTH, &mut found);
            assert_eq!(found, []);
            assert_eq!(stories, 2 * 12_u64.pow(DEPTH));
        }
    }
}

#[test]
fn a_small_story_shows_that_two_places_are_one_too_many() {
    let mut found = Vec::new();
    explore(&world(1, true, &[Rule::RejoinKeepsPlace]), 2, &mut found);
    assert!(found.contains(&Violation::UserHasTwoPlaces));
}
