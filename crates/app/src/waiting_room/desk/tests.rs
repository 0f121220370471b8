//! The desk with a log in memory: what is answered is durable, what is not durable is not
//! answered, and nobody far from the front waits.

use super::*;
use crate::clock::HandClock;
use crate::waiting_room::memory_log::MemoryRoomLog;
use crate::waiting_room::place::Generation;
use crate::waiting_room::record::EndReason;
use admitone_domain::Moment;

struct House {
    log: Arc<MemoryRoomLog>,
    clock: Arc<HandClock>,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl House {
    fn new() -> Self {
        Self {
            log: Arc::default(),
            clock: Arc::new(HandClock::at(Moment(1_000_000_000))),
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
        }
    }

    async fn open(&self, active_max: u32) -> Desk {
        let settings = RoomSettings {
            active_max: Some(active_max),
            rate: None,
            deck_target: Some(1),
            ..RoomSettings::default()
        };
        let setup = DeskSetup {
            room: 1,
            settings,
            log: Arc::<MemoryRoomLog>::clone(&self.log),
            clock: Arc::<HandClock>::clone(&self.clock),
            tracker: self.tracker.clone(),
            stop: self.stop.clone(),
        };
        Desk::open(setup).await.unwrap()
    }

    /// As a kill: whatever is only in memory is gone.
    async fn kill(&mut self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        *self = Self { log: Arc::clone(&self.log), clock: Arc::clone(&self.clock), ..Self::new() };
    }

    async fn batches(&self) -> usize {
        self.log.load(1).await.unwrap().batches.len()
    }
}

fn join(n: u8) -> Join {
    Join { user: UserKey([n; 16]), renew: false }
}

async fn place_of(desk: &Desk, n: u8) -> Place {
    desk.join(join(n)).await.unwrap().unwrap().position.place
}

fn claims(desk: &Desk, n: u8, place: Place) -> Claims {
    Claims {
        room: 1,
        epoch: desk.epoch(),
        lane: 0,
        place,
        user: Some(UserKey([n; 16])),
        generation: Generation(0),
        issued_ms: 0,
    }
}

fn left(n: u8) -> End {
    End { user: UserKey([n; 16]), place: None, reason: EndReason::Left }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let mut house = House::new();
    let desk = house.open(1).await;
    for n in 1..=3 {
        assert_eq!(place_of(&desk, n).await, Place(u64::from(n)));
    }
    let pass = desk.pass(&claims(&desk, 1, Place(1)));
    assert!(pass.is_some());
    house.kill().await;
    let desk = house.open(77).await;
    assert_eq!(desk.view().settings.active_max, Some(1), "the history knows the settings");
    assert_eq!(desk.pass(&claims(&desk, 1, Place(1))), pass);
    let again = desk.join(join(3)).await.unwrap().unwrap();
    assert_eq!((again.position.place, again.existing), (Place(3), true));
    assert_eq!(place_of(&desk, 4).await, Place(4));
}

#[tokio::test]
async fn what_is_not_durable_is_not_answered_and_happens_once() {
    let house = House::new();
    let desk = house.open(1).await;
    house.log.set_failing(true);
    assert!(desk.join(join(1)).await.is_err_and(|trouble| trouble.is_temporary()));
    assert!(desk.join(join(2)).await.is_err());
    assert_eq!(desk.view().snapshot.issued, 0, "nothing of it is published");
    assert_eq!(desk.pass(&claims(&desk, 1, Place(1))), None);
    house.log.set_failing(false);
    let again = desk.join(join(1)).await.unwrap().unwrap();
    assert_eq!((again.position.place, again.existing), (Place(1), true));
    assert_eq!(place_of(&desk, 2).await, Place(2), "nothing happened while the log failed");
}

#[tokio::test]
async fn joins_that_wait_share_one_write() {
    let house = House::new();
    let desk = house.open(1).await;
    let before = house.batches().await;
    let joins: Vec<_> = (0..200)
        .map(|n| {
            let desk = desk.clone();
            house.tracker.spawn(async move { place_of(&desk, n).await })
        })
        .collect();
    let mut places = Vec::new();
    for join in joins {
        places.push(join.await.unwrap().0);
    }
    places.sort_unstable();
    assert_eq!(places, (1..=200).collect::<Vec<_>>());
    assert!(house.batches().await - before < 20);
}

#[tokio::test]
async fn a_far_poll_neither_waits_nor_writes_and_a_near_one_asks_the_room() {
    let house = House::new();
    let desk = house.open(1).await;
    for n in 1..=9 {
        place_of(&desk, n).await;
    }
    let far = desk.far_answer(&claims(&desk, 9, Place(9)), 0).unwrap();
    assert_eq!((far.standing, far.eta), (Standing::Waiting, None));
    assert!(far.ahead >= 1 && far.next_poll_ms >= 2_000);
    assert_eq!(desk.far_answer(&claims(&desk, 2, Place(2)), 0), None);
    let near = desk.poll(&claims(&desk, 2, Place(2)), 0).await.unwrap();
    assert_eq!(near.map(|answer| answer.standing), Ok(Standing::OnDeck));
    let never_given = desk.poll(&claims(&desk, 99, Place(99)), 0).await.unwrap();
    assert_eq!(never_given, Err(Gone::Ended));
}

#[tokio::test]
async fn a_pass_ends_at_once_and_belongs_to_one_token() {
    let house = House::new();
    let desk = house.open(1).await;
    place_of(&desk, 1).await;
    let mine = claims(&desk, 1, Place(1));
    assert!(desk.pass(&mine).is_some_and(|pass| !pass.is_bypass));
    assert_eq!(desk.pass(&Claims { user: Some(UserKey([2; 16])), ..mine }), None);
    assert_eq!(desk.pass(&Claims { generation: Generation(1), ..mine }), None);
    assert_eq!(desk.pass(&Claims { epoch: 9, ..mine }), None);
    assert_eq!(desk.end(left(1)).await, Ok(Some(Place(1))));
    assert_eq!(desk.pass(&mine), None);
}

#[tokio::test]
async fn a_pass_is_not_good_beyond_its_deadline_even_before_the_room_notices() {
    let house = House::new();
    let desk = house.open(1).await;
    place_of(&desk, 1).await;
    house.clock.advance_ms(600_000);
    assert_eq!(desk.pass(&claims(&desk, 1, Place(1))), None);
}

#[tokio::test]
async fn everybody_passes_during_a_bypass_and_the_view_says_so() {
    let house = House::new();
    let desk = house.open(1).await;
    place_of(&desk, 1).await;
    place_of(&desk, 2).await;
    let waiting = claims(&desk, 2, Place(2));
    assert_eq!(desk.pass(&waiting), None);
    let until_us = house.clock.now().plus_ms(1_000).0;
    let mode = Mode::Bypass { until_us };
    let settings = RoomSettings { mode, ..(*desk.view().settings).clone() };
    desk.control(Control::Change(Box::new(settings))).await.unwrap().unwrap();
    assert_eq!(desk.document().mode, mode);
    assert_eq!(desk.pass(&waiting), Some(Pass { deadline_us: until_us, is_bypass: true }));
    house.clock.advance_ms(1_000);
    assert_eq!(desk.pass(&waiting), None);
}

#[tokio::test]
async fn listeners_share_a_frame_that_names_who_was_called() {
    let house = House::new();
    let desk = house.open(1).await;
    let mut frames = desk.frames();
    house.clock.advance_ms(300);
    place_of(&desk, 1).await;
    let frame = frames.recv().await.unwrap();
    assert_eq!(frame.admitted, [Place(1)]);
    let json: serde_json::Value = serde_json::from_slice(&frame.json).unwrap();
    assert_eq!((&json["mode"], &json["issued"]), (&"open".into(), &1.into()));
}

#[tokio::test]
async fn a_listener_is_shown_the_last_change_before_a_room_falls_silent() {
    let house = House::new();
    let desk = house.open(1).await;
    let mut frames = desk.frames();
    house.clock.advance_ms(300);
    place_of(&desk, 1).await;
    assert_eq!(frames.recv().await.unwrap().document.active, 1);
    desk.end(left(1)).await.unwrap();
    assert!(frames.try_recv().is_err(), "it is too soon for another frame");
    house.clock.advance_ms(300);
    assert_eq!(frames.recv().await.unwrap().document.active, 0);
}

#[tokio::test]
async fn the_slot_of_a_pass_that_ran_out_goes_to_whoever_is_there() {
    let house = House::new();
    let desk = house.open(1).await;
    place_of(&desk, 1).await;
    place_of(&desk, 2).await;
    house.clock.advance_ms(600_000);
    for waited_s in 0..10 {
        let near = desk.poll(&claims(&desk, 2, Place(2)), 0).await.unwrap().unwrap();
        if matches!(near.standing, Standing::Active { .. }) {
            assert!(waited_s >= 3, "after a gap everybody is given the time to come back");
            return;
        }
        house.clock.advance_ms(1_000);
    }
    panic!("place 2 was never called");
}

#[tokio::test]
async fn the_desk_ticks_by_itself() {
    let house = House::new();
    let desk = house.open(1).await;
    place_of(&desk, 1).await;
    let mut frames = desk.frames();
    house.clock.advance_ms(600_000);
    while frames.recv().await.unwrap().document.active > 0 {}
    assert_eq!(desk.view().gauges.totals.ended_expired_total, 1);
}
