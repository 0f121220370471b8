//! What a carrier promises, seen by consumers that the cases move by hand.

use super::{Case, FreshCarrier, carrier_cases};
use admitone_app::ports::carrier::{
    Arrival, Carrier, Consumer, Dead, Heard, Lane, Outgoing, Return, Urgency,
};
use admitone_app::ports::queues::JobState;
use std::time::{Duration, Instant};

pub(super) const ALL: &[Case] = carrier_cases![
    a_published_job_is_delivered: Always,
    what_is_not_acknowledged_is_delivered_again: Always,
    what_was_acknowledged_never_comes_again: Always,
    what_is_given_back_comes_again_later: Always,
    what_is_urgent_comes_first_where_that_can_be_had: Always,
    what_is_delayed_comes_in_its_time_where_that_can_be_had: Always,
    a_dead_job_stops_nobody: Always,
    a_job_that_is_not_there_is_not_found_however_it_is_called: Always,
    leftovers_are_delivered_before_new_jobs: Always,
    a_lane_keeps_its_order: WhereLanes,
    a_lane_has_one_consumer_at_a_time: WhereLanes,
    who_gives_up_while_it_begins_holds_nothing: Always,
];

/// So long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// So long nothing comes where nothing shall come.
const QUIET: Duration = Duration::from_millis(1_500);

#[expect(clippy::disallowed_methods, reason = "carriers go by the clock of the world")]
fn now() -> Instant {
    Instant::now()
}

fn job(text: &str, lane: u16) -> Outgoing {
    let body = text.as_bytes().to_vec();
    Outgoing { body, lane: Lane(lane), urgency: Urgency::Usual, delay_ms: 0 }
}

async fn publish(carrier: &dyn Carrier, jobs: Vec<Outgoing>) {
    for confirmed in carrier.publish(jobs).await {
        confirmed.unwrap_or_else(|trouble| panic!("{trouble}"));
    }
}

async fn consumer(carrier: &dyn Carrier) -> Box<dyn Consumer> {
    carrier.consumer().await.unwrap_or_else(|trouble| panic!("{trouble}"))
}

/// The next jobs, until there are so many.
async fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Arrival> {
    let (mut taken, until) = (Vec::new(), now() + PATIENCE);
    while taken.len() < count {
        assert!(now() < until, "only {} of {count} jobs came", taken.len());
        let heard = consumer.next(count - taken.len()).await;
        if let Heard::Jobs(jobs) = heard.unwrap_or_else(|trouble| panic!("{trouble}")) {
            taken.extend(jobs);
        }
    }
    taken
}

/// What comes while nothing shall come.
async fn rest(consumer: &mut dyn Consumer) -> Vec<Arrival> {
    let (mut taken, until) = (Vec::new(), now() + QUIET);
    while now() < until {
        let heard = consumer.next(100).await;
        if let Heard::Jobs(jobs) = heard.unwrap_or_else(|trouble| panic!("{trouble}")) {
            taken.extend(jobs);
        }
    }
    taken
}

async fn end(consumer: &mut dyn Consumer, jobs: &[Arrival]) {
    let tags: Vec<_> = jobs.iter().map(|job| job.tag).collect();
    consumer.acknowledge(&tags).await.unwrap_or_else(|trouble| panic!("{trouble}"));
}

fn texts_of(jobs: &[Outgoing]) -> Vec<String> {
    jobs.iter().map(|job| String::from_utf8_lossy(&job.body).into_owned()).collect()
}

fn texts(jobs: &[Arrival]) -> Vec<String> {
    jobs.iter().map(|job| String::from_utf8_lossy(&job.body).into_owned()).collect()
}

async fn a_published_job_is_delivered(fresh: FreshCarrier) {
    let whole: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    publish(&*fresh.carrier, vec![Outgoing { body: whole.clone(), ..job("", 0) }]).await;
    let mut one = consumer(&*fresh.carrier).await;
    let taken = take(&mut *one, 1).await;
    assert_eq!((&taken[0].body, taken[0].attempts), (&whole, 0));
    assert_eq!(taken[0].lane.is_some(), fresh.carrier.abilities().lanes.is_some());
    end(&mut *one, &taken).await;
    publish(&*fresh.carrier, vec![job("next", 0)]).await;
    let taken = take(&mut *one, 1).await;
    assert_eq!(texts(&taken), ["next"]);
    end(&mut *one, &taken).await;
    assert_eq!(rest(&mut *one).await, [], "each came once");
}

async fn what_is_not_acknowledged_is_delivered_again(fresh: FreshCarrier) {
    publish(&*fresh.carrier, vec![job("one", 0), job("two", 0)]).await;
    let mut first = consumer(&*fresh.carrier).await;
    let taken = take(&mut *first, 2).await;
    end(&mut *first, &taken[..1]).await;
    drop(first);
    let mut second = consumer(&*fresh.carrier).await;
    let taken = take(&mut *second, 1).await;
    assert_eq!(texts(&taken), ["two"]);
    assert!(taken[0].attempts > 0, "it was delivered before");
    end(&mut *second, &taken).await;
    assert_eq!(rest(&mut *second).await, []);
}

async fn what_was_acknowledged_never_comes_again(fresh: FreshCarrier) {
    publish(&*fresh.carrier, (0..5).map(|n| job(&n.to_string(), 0)).collect()).await;
    let mut first = consumer(&*fresh.carrier).await;
    let taken = take(&mut *first, 5).await;
    end(&mut *first, &taken).await;
    first.leave().await;
    for _ in 0..2 {
        let mut next = consumer(&*fresh.carrier).await;
        assert_eq!(rest(&mut *next).await, []);
    }
}

async fn what_is_given_back_comes_again_later(fresh: FreshCarrier) {
    publish(&*fresh.carrier, vec![job("one", 0)]).await;
    let mut one = consumer(&*fresh.carrier).await;
    for (is_counted, attempts) in [(false, 0), (true, 1), (true, 2)] {
        let taken = take(&mut *one, 1).await;
        let given = now();
        let back = Return { tag: taken[0].tag, delay_ms: 300, is_counted };
        one.give_back(vec![back]).await.unwrap_or_else(|trouble| panic!("{trouble}"));
        let again = take(&mut *one, 1).await;
        assert!(given.elapsed() >= Duration::from_millis(250), "it came before its time");
        assert_eq!((texts(&again), again[0].attempts), (vec!["one".to_owned()], attempts));
        let at_once = Return { tag: again[0].tag, delay_ms: 0, is_counted: false };
        one.give_back(vec![at_once]).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    }
    let taken = take(&mut *one, 1).await;
    end(&mut *one, &taken).await;
    assert_eq!(rest(&mut *one).await, []);
}

async fn what_is_urgent_comes_first_where_that_can_be_had(fresh: FreshCarrier) {
    let with = |text, urgency| Outgoing { urgency, ..job(text, 0) };
    let jobs = vec![
        with("sweep", Urgency::Low),
        with("hold", Urgency::Usual),
        with("another hold", Urgency::Usual),
        with("pay", Urgency::High),
    ];
    let mut wanted = texts_of(&jobs);
    if fresh.carrier.abilities().has_urgency {
        wanted = ["pay", "hold", "another hold", "sweep"].map(str::to_owned).to_vec();
    }
    publish(&*fresh.carrier, jobs).await;
    let mut one = consumer(&*fresh.carrier).await;
    let taken = take(&mut *one, 4).await;
    assert_eq!(texts(&taken), wanted);
    end(&mut *one, &taken).await;
}

async fn what_is_delayed_comes_in_its_time_where_that_can_be_had(fresh: FreshCarrier) {
    const DELAY_MS: u64 = 600;
    let begun = now();
    let late = Outgoing { delay_ms: DELAY_MS, ..job("late", 0) };
    publish(&*fresh.carrier, vec![late, job("soon", 0)]).await;
    let mut one = consumer(&*fresh.carrier).await;
    let taken = take(&mut *one, 2).await;
    let abilities = fresh.carrier.abilities();
    // In a lane what is behind it waits with it.
    let is_passed = abilities.has_delay && abilities.lanes.is_none();
    assert_eq!(texts(&taken), if is_passed { ["soon", "late"] } else { ["late", "soon"] });
    // A broker's clock is not ours.
    let in_its_time = begun.elapsed() >= Duration::from_millis(DELAY_MS - 50);
    assert!(in_its_time || !abilities.has_delay, "it came before its time");
    end(&mut *one, &taken).await;
}

async fn a_dead_job_stops_nobody(fresh: FreshCarrier) {
    publish(&*fresh.carrier, vec![job("bad", 0), job("good", 0)]).await;
    let mut one = consumer(&*fresh.carrier).await;
    let taken = take(&mut *one, 2).await;
    let bad = taken.iter().find(|job| job.body == b"bad").map(|job| job.tag);
    let dead = bad.map(|tag| Dead { tag, reason: "it is bad".to_owned() });
    one.put_away(dead.into_iter().collect()).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let good: Vec<_> = taken.into_iter().filter(|job| job.body == b"good").collect();
    end(&mut *one, &good).await;
    publish(&*fresh.carrier, vec![job("next", 0)]).await;
    let taken = take(&mut *one, 1).await;
    assert_eq!(texts(&taken), ["next"]);
    end(&mut *one, &taken).await;
    let (queues, name) = &fresh.queues;
    let lying = queues.jobs(name, JobState::Dead, 10).await;
    let lying = lying.unwrap_or_else(|trouble| panic!("{trouble}"));
    let seen: Vec<_> = lying.iter().map(|job| (&job.body[..], job.reason.as_deref())).collect();
    assert_eq!(seen, [(&b"bad"[..], Some("it is bad"))]);
    assert_eq!(rest(&mut *one).await, []);
}

async fn a_job_that_is_not_there_is_not_found_however_it_is_called(fresh: FreshCarrier) {
    let (queues, name) = &fresh.queues;
    let places = ["", "dead-", "delayed-", "usual-", "other-"];
    let numbers = ["", "1", "x", "1-x", "9-9", "99999999999999999999999-1", "1-1-1", "-1-0", "é"];
    for job in places.iter().flat_map(|place| numbers.map(|number| format!("{place}{number}"))) {
        assert_eq!(queues.retry(name, &job).await, Ok(false), "retry {job:?}");
        assert_eq!(queues.discard(name, &job).await, Ok(false), "drop {job:?}");
    }
}

async fn leftovers_are_delivered_before_new_jobs(fresh: FreshCarrier) {
    publish(&*fresh.carrier, vec![job("old", 0)]).await;
    let mut first = consumer(&*fresh.carrier).await;
    take(&mut *first, 1).await;
    drop(first);
    publish(&*fresh.carrier, vec![job("new", 0)]).await;
    let mut second = consumer(&*fresh.carrier).await;
    let mut taken = texts(&take(&mut *second, 2).await);
    // Without lanes another one may be faster while the first is found out to be dead.
    if fresh.carrier.abilities().lanes.is_none() {
        taken.sort_by_key(|text| text != "old");
    }
    assert_eq!(taken, ["old", "new"]);
}

async fn a_lane_keeps_its_order(fresh: FreshCarrier) {
    let lanes = fresh.carrier.abilities().lanes.unwrap_or(1);
    let text = |n: u16| format!("{n:03}");
    for part in 0..5 {
        let jobs = (part * 20..part * 20 + 20).map(|n| job(&text(n), n % lanes));
        publish(&*fresh.carrier, jobs.collect()).await;
    }
    let mut one = consumer(&*fresh.carrier).await;
    let mut taken = Vec::new();
    while taken.len() < 100 {
        let some = take(&mut *one, 7.min(100 - taken.len())).await;
        end(&mut *one, &some).await;
        taken.extend(some);
    }
    for lane in 0..lanes {
        let of_lane: Vec<_> = taken.iter().filter(|job| job.lane == Some(Lane(lane))).collect();
        assert!(of_lane.is_sorted_by_key(|job| &job.body), "lane {lane}");
        assert_eq!(of_lane.len(), (0..100).filter(|n| n % lanes == lane).count());
    }
}

async fn a_lane_has_one_consumer_at_a_time(fresh: FreshCarrier) {
    let lanes = fresh.carrier.abilities().lanes.unwrap_or(1);
    let mut both = [consumer(&*fresh.carrier).await, consumer(&*fresh.carrier).await];
    let mut had: [Vec<Lane>; 2] = [Vec::new(), Vec::new()];
    let (mut seen, mut sent, until) = (0, 0, now() + PATIENCE);
    while seen < 60 || had.iter().map(Vec::len).sum::<usize>() < usize::from(lanes) {
        assert!(now() < until, "{seen} jobs came, and the lanes are {had:?}");
        if sent < 60 {
            publish(&*fresh.carrier, (0..4).map(|n| job("x", (sent + n) % lanes)).collect()).await;
            sent += 4;
        }
        for (number, one) in both.iter_mut().enumerate() {
            match one.next(10).await.unwrap_or_else(|trouble| panic!("{trouble}")) {
                Heard::Assigned(won) => had[number].extend(won),
                Heard::Revoked(lost) => had[number].retain(|lane| !lost.contains(lane)),
                Heard::Jobs(jobs) => {
                    seen += jobs.len();
                    for job in &jobs {
                        let lane = job.lane.unwrap_or(Lane(u16::MAX));
                        assert!(had[number].contains(&lane), "a job of a lane that is not had");
                    }
                    end(&mut **one, &jobs).await;
                }
            }
            let others = &had[1 - number];
            assert!(had[number].iter().all(|lane| !others.contains(lane)), "{had:?}");
        }
    }
}

/// At each of many moments of its beginning.
async fn who_gives_up_while_it_begins_holds_nothing(fresh: FreshCarrier) {
    const MOMENTS: u32 = 24;
    let begun = now();
    consumer(&*fresh.carrier).await.leave().await;
    let whole = begun.elapsed();
    for moment in 0..MOMENTS {
        let begins = fresh.carrier.consumer();
        drop(tokio::time::timeout(whole * moment / MOMENTS, begins).await);
    }
    let lanes = fresh.carrier.abilities().lanes.unwrap_or(1);
    let jobs: Vec<_> = (0..lanes).map(|lane| job(&lane.to_string(), lane)).collect();
    publish(&*fresh.carrier, jobs.clone()).await;
    let mut last = consumer(&*fresh.carrier).await;
    let mut taken = texts(&take(&mut *last, jobs.len()).await);
    taken.sort();
    assert_eq!(taken, texts_of(&jobs));
}
