//! Live events between instances: what is held at one is in the streams of another, at once where
//! one can have the other look, and a tenth of a second later at most where the hint is lost.

use crate::process::House;
use crate::redis::Redis;
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import, until};
use crate::stream::Stream;
use std::time::{Duration, Instant};

const SAMPLES: u64 = 12;
const EVENTS: &str = "/api/v1/shows/show_1/seats/events";
/// Longer than a stream rests between two events, and than a look without a hint takes.
const BETWEEN: Duration = Duration::from_millis(400);

struct Two {
    here: House,
    there: House,
    _directory: tempfile::TempDir,
}

impl Two {
    fn start(store: &str, redis: Option<&str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        import(directory.path(), store, 60, None);
        let mut flags = vec!["--store", store];
        flags.extend(redis.into_iter().flat_map(|redis| ["--redis", redis]));
        let start = || House::start(directory.path(), &flags);
        Self { here: start(), there: start(), _directory: directory }
    }

    /// How long after the answer of one instance its seat is in a stream of the other, the shortest
    /// first. Each hold is some milliseconds later within the tenth of a second than the one before.
    fn delays(&self) -> Vec<Duration> {
        let front = Front::of(&[&self.here], 60);
        let (_, mut stream) = Stream::open(&self.there.address, &[], EVENTS);
        assert_eq!(stream.next().0, "snapshot");
        let mut delays = Vec::new();
        for number in 0..SAMPLES {
            let mut buyer = Shopper::new(&front, 0);
            std::thread::sleep(BETWEEN + Duration::from_millis(9 * number));
            let held = buyer.hold_best();
            let answered = Instant::now();
            assert_eq!(held.status, 201, "{}", held.body);
            let seat = held.json()["items"][0]["seat"].clone();
            stream.until(|_, news| {
                let seats = news["seats"].as_array().unwrap();
                seats.iter().any(|one| one["id"] == seat && one["state"] == "held")
            });
            delays.push(answered.elapsed());
        }
        // What was rung for last is heard.
        std::thread::sleep(BETWEEN);
        delays.sort_unstable();
        delays
    }

    /// How often the other one looked because it was told to.
    fn hints(&self) -> u64 {
        let figures = self.there.connect().get("/metrics", &[]).body;
        let name = "admitone_follower_looks_total{woken_by=\"hint\"} ";
        let line = figures.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |count| count.parse().unwrap())
    }
}

fn say(what: &str, delays: &[Duration]) {
    println!(
        "{what}: a hold is in the stream of another instance {:.1?} after its answer in the middle, \
         {:.1?} at most",
        delays[delays.len() / 2],
        delays[delays.len() - 1]
    );
}

#[test]
fn instances_on_postgres_with_redis_have_each_other_look_and_look_by_themselves_without() {
    with_redis(Server::Postgres);
}

#[test]
fn instances_on_mariadb_with_redis_have_each_other_look_and_look_by_themselves_without() {
    with_redis(Server::Mariadb);
}

fn with_redis(server: Server) {
    let (Some(store), Some(mut redis)) = (server.fresh(), Redis::start()) else { return };
    let two = Two::start(&store, Some(&redis.address()));
    let told = two.delays();
    let hints = two.hints();
    assert!(hints >= SAMPLES / 2, "{hints} hints");
    redis.kill();
    let alone = two.delays();
    assert_eq!(two.hints(), hints, "nobody is told anything without it");
    say(&format!("{server:?}, told through Redis"), &told);
    say(&format!("{server:?}, Redis killed"), &alone);
    redis.restart();
    until("they are told again", || {
        let front = Front::of(&[&two.here], 60);
        assert_eq!(Shopper::new(&front, 0).hold_best().status, 201);
        two.hints() > hints + 1
    });
}

#[test]
fn instances_on_postgres_have_each_other_look_without_redis() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let two = Two::start(&store, None);
    let told = two.delays();
    assert!(two.hints() >= SAMPLES / 2, "{} hints", two.hints());
    say("Postgres, told by NOTIFY", &told);
}
