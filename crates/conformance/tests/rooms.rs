//! The waiting rooms against each other: the embedded room, copies that share a journal in
//! `PostgreSQL` or in `MariaDB`, and the script in Redis are told the same random stories, each by two instances in
//! turns that are started anew now and then. Every answer, the gauges, the passes and the log of
//! admissions have to be the same. That a difference would be found is shown with planted ones.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "whoever runs tests must see what was not tested")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

mod planted;

use admitone_adapter_mysql::MysqlStore;
use admitone_adapter_postgres::{Options, PostgresStore, Time};
use admitone_adapter_redis::room::SCRIPT;
use admitone_adapter_redis::{Node, RedisRooms, RoomOptions};
use admitone_app::ports::shared_room::SharedRooms;
use admitone_app::waiting_room::{JournalRooms, RoomSettings};
use admitone_conformance::room_stories::{
    Chance, Comparison, Difference, Happened, Side, TestClock, settings,
};
use admitone_conformance::servers::Server;
use admitone_conformance::{redis_server, service};
use planted::{PLANTED, Skewed};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

const STORIES: u64 = 20;
/// Every so manieth is told to MariaDB too, which syncs what it is told: with time, all of them.
const STORIES_PER_MARIADB: u64 = 5;
/// However busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);
const START_US: i64 = 1_700_000_000_000_000;
/// How many stories, and how many commands of each, a planted defect may stay hidden for.
const SEEDS_MAX: u64 = 20;
const COMMANDS_MAX: u64 = 4_000;

fn is_long() -> bool {
    std::env::var_os("ADMITONE_LONG").is_some()
}

/// Commands in all; a million when there is time.
fn commands() -> u64 {
    if is_long() { 1_000_000 } else { 100_000 }
}

/// The Redis servers, if the others are there too: else the test says so, and fails where it
/// must not pass without.
fn servers() -> Option<Vec<String>> {
    for server in [Server::Postgres, Server::Mariadb] {
        if let Some(why) = server.absent() {
            assert!(!service::is_required(), "{why}");
            eprintln!("NOT RUN: {why}");
            return None;
        }
    }
    redis_server::shared()
}

/// Where a story is told.
struct Stage {
    clock: Arc<TestClock>,
    settings: RoomSettings,
    chance: Chance,
    seed: u64,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let settings = settings(&mut chance);
        Self { clock: Arc::new(TestClock::at(START_US)), settings, chance, seed }
    }

    /// A journal in a schema of its own. Nothing here is about durability.
    async fn journal(&self) -> Arc<PostgresStore> {
        let own = Server::Postgres.fresh().await.unwrap();
        let url = format!("{own}%20-csynchronous_commit%3Doff");
        let time = Time::Of(self.clock.clone());
        let options = Options { time, connections_max: 2, ..Options::default() };
        Arc::new(PostgresStore::open(&url, options).await.unwrap())
    }

    async fn postgres(&self) -> Side {
        let rooms = Arc::new(JournalRooms::new(self.journal().await, TaskTracker::new()));
        self.side("PostgreSQL", [rooms.clone(), rooms]).await
    }

    async fn mariadb(&self) -> Side {
        use admitone_adapter_mysql::{Options, Time};
        let url = Server::Mariadb.fresh().await.unwrap();
        let time = Time::Of(self.clock.clone());
        let options = Options { time, connections_max: 2, ..Options::default() };
        let journal = Arc::new(MysqlStore::open(&url, options).await.unwrap());
        let rooms = Arc::new(JournalRooms::new(journal, TaskTracker::new()));
        self.side("MariaDB", [rooms.clone(), rooms]).await
    }

    async fn redis(&self, address: &str, script: Option<String>) -> Side {
        let (prefix, time) = (redis_server::own_prefix(), Some(self.clock.clone() as _));
        let options =
            RoomOptions { prefix, born_after_ms: 0, time, script, ..RoomOptions::default() };
        let node = || Node::new(address, PATIENCE).unwrap();
        let rooms = || Arc::new(RedisRooms::new(node(), options.clone()));
        self.side("Redis", [rooms(), rooms()]).await
    }

    async fn side(&self, name: &'static str, rooms: [Arc<dyn SharedRooms>; 2]) -> Side {
        Side::open(name, rooms, &self.settings).await.unwrap()
    }

    async fn tell(self, sides: Vec<Side>, commands: u64) -> Result<Happened, Difference> {
        let Self { clock, settings, chance, seed } = self;
        let comparison = Comparison::new(seed, chance, settings, &clock, sides);
        comparison.unwrap().run(commands).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn model_postgres_mariadb_and_redis_tell_the_same_story() {
    let Some(addresses) = servers() else { return };
    let begun = Instant::now();
    let mut stories = tokio::task::JoinSet::new();
    for seed in 0..STORIES {
        let address = addresses[usize::try_from(seed).unwrap() % addresses.len()].clone();
        stories.spawn(async move {
            let stage = Stage::new(seed);
            let mut sides = vec![stage.postgres().await, stage.redis(&address, None).await];
            if is_long() || seed.is_multiple_of(STORIES_PER_MARIADB) {
                sides.push(stage.mariadb().await);
            }
            let told = stage.tell(sides, commands() / STORIES).await;
            told.unwrap_or_else(|difference| panic!("story {seed}: {difference}"))
        });
    }
    let mut all = Happened::default();
    while let Some(told) = stories.join_next().await {
        all = all.and(told.unwrap());
    }
    let took = begun.elapsed();
    println!(
        "{} commands to three rooms or four in {took:.1?}, no difference: {all:?}",
        all.commands
    );
    assert!(all.commands >= commands());
    assert!(all.is_everything(), "what never happens was not compared: {all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_defect_of_the_script_is_found() {
    let Some(addresses) = servers() else { return };
    for (what, right, wrong) in PLANTED {
        assert_eq!(SCRIPT.matches(right).count(), 1, "{what}");
        let mut found = None;
        for seed in 0..SEEDS_MAX {
            let stage = Stage::new(seed);
            let script = SCRIPT.replace(right, wrong);
            let sides = vec![stage.redis(&addresses[0], Some(script)).await];
            if let Err(difference) = stage.tell(sides, COMMANDS_MAX).await {
                found = Some((seed, difference.word));
                break;
            }
        }
        let (seed, word) = found.unwrap_or_else(|| panic!("not found: {what}"));
        println!("found in story {seed} at word {word}: {what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_tells_two_instances_different_things_is_found() {
    if servers().is_none() {
        return;
    }
    let stage = Stage::new(0);
    let journal = stage.journal().await;
    let right = Arc::new(JournalRooms::new(journal.clone(), TaskTracker::new()));
    let wrong = Arc::new(JournalRooms::new(Arc::new(Skewed(journal)), TaskTracker::new()));
    let sides = vec![stage.side("PostgreSQL", [right, wrong]).await];
    let found = stage.tell(sides, COMMANDS_MAX).await.unwrap_err();
    println!("found at word {}", found.word);
}
