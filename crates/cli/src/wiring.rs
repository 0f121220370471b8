//! Puts the parts together: the store, one writer, the rooms, and who follows other instances.

mod following;
mod joining;
mod roads;
mod settled;

use crate::beside::{Beside, limits};
use crate::carriers::Carriers;
use crate::config::Configuration;
use crate::exit::{Failed, failed};
use crate::gateway;
use crate::shelf::{self, Guards, Shelf};
use crate::strategy;
use admitone_api::figures::Commits;
use admitone_api::house::{Issuer, Secret};
use admitone_api::limits::Limits;
use admitone_app::BoxOffice;
use admitone_app::board::Boards;
use admitone_app::cached_lists::{CachedLists, DropsLists, Turn};
use admitone_app::clock::SystemClock;
use admitone_app::delivery::RouterSetup;
use admitone_app::gates::Gates;
use admitone_app::ids::Ids;
use admitone_app::lock_watch::LockWatch;
use admitone_app::logbook::{LogBook, OperatorLog};
use admitone_app::membership::Membership;
use admitone_app::notices::NoticeWriter;
use admitone_app::observed::Observations;
use admitone_app::parties::Parties;
use admitone_app::payments::Payments;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::lock::Lock;
use admitone_app::ports::notes::Notes;
use admitone_app::ports::queues::NamedQueues;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::Store;
use admitone_app::ports::tap::Tap;
use admitone_app::pulse::Pulse;
use admitone_app::rooms::{Kept, Rooms, RoomsSetup};
use admitone_app::strategy::{LockKind, StrategyMap};
use admitone_app::sweeper::Sweeper;
use admitone_app::waiting_room::MasterKey;
use admitone_app::webhooks::WebhookDesk;
use admitone_web::Keys;
use following::{begin, bell, follow};
use joining::{join, who};
use ring::rand::SecureRandom;
use roads::Roads;
use settled::Deliveries;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A house that is ready to sell.
pub(crate) struct Wired {
    pub(crate) office: BoxOffice,
    pub(crate) gates: Arc<Gates>,
    /// The waiting rooms of a house that sells: a command beside it leaves them alone.
    pub(crate) rooms: Option<Arc<Rooms>>,
    pub(crate) parties: Arc<Parties>,
    /// What ends the pages of lists that are kept.
    pub(crate) turn: Arc<Turn>,
    pub(crate) secret: Secret,
    /// The keys of what the pages sign.
    pub(crate) page_keys: Keys,
    pub(crate) issuer: Option<Issuer>,
    /// Of a house that carries payments in steps.
    pub(crate) payments: Option<Arc<Payments>>,
    /// Of a house that settles.
    ahead: Option<roads::Ahead>,
    pub(crate) limits: Option<Limits>,
    /// How long holds and payments take.
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) queues: Arc<NamedQueues>,
    pub(crate) shelf: Shelf,
    /// The box office for the house's own errands: they are settled here, whatever travels.
    pub(crate) staff: BoxOffice,
    /// Where instances share the store and this one settles: it is one of them.
    membership: Option<Arc<Membership>>,
    /// What `office` tells the time by.
    pub(crate) machine_clock: Arc<SystemClock>,
    /// What transactions read and wrote, if that is wanted.
    pub(crate) observations: Option<Arc<Observations>>,
    /// Ends the tasks.
    pub(crate) stop: CancellationToken,
    /// What shutdown waits for.
    pub(crate) tasks: TaskTracker,
}

/// What a house is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To sell to whoever comes.
    Selling,
    /// To settle what others accepted.
    Working,
    /// For one task, perhaps beside instances that sell.
    Task,
    /// To look at it: nothing is settled.
    Looking,
}

impl Wired {
    /// Opens the store to look at it. What is not there is not made.
    pub(crate) async fn look(configuration: &Configuration) -> Result<Self, Failed> {
        if let Some(directory) = shelf::empty_directory(configuration)? {
            let name = format!("the store in {}", directory.display());
            return Err(failed(&name)("there is none; name the one that is meant by --data-dir"));
        }
        Self::open_for(Purpose::Looking, configuration, Guards::AsRecorded).await
    }

    /// Opens the store for one task.
    pub(crate) async fn open(configuration: &Configuration) -> Result<Self, Failed> {
        Self::open_for(Purpose::Task, configuration, Guards::AsRecorded).await
    }

    /// Opens the store and starts everything but the listener.
    pub(crate) async fn open_for(
        purpose: Purpose,
        configuration: &Configuration,
        guards: Guards,
    ) -> Result<Self, Failed> {
        let map = strategy::of_purpose(configuration, purpose == Purpose::Looking)?;
        let (machine_clock, clock) = clocks();
        let shelf = Shelf::open(configuration, &clock, guards).await?;
        let (who, asked) = (who(purpose, configuration, guards), (purpose, configuration));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let running = (&tasks, &stop);
        let membership = join(&shelf, &map, &clock, who, running).await?;
        let (reads, secret) = (shelf.reads(), shelf.secret().await?);
        let beside = beside(purpose, configuration, &shelf).await?;
        // Before anything is loaded: what others commit from here on is told.
        let follower = begin(&shelf, purpose).await?;
        let boards = boards(&shelf, &reads, beside.as_ref().filter(|_| follower.is_some()));
        let gates = Arc::new(Gates::new(Arc::clone(&reads)));
        let (parties, turn) = (Arc::new(Parties::default()), Arc::new(Turn::default()));
        parties.load(&*reads, &*shelf.records()).await?;
        let key = master_key(&shelf, purpose, secret);
        let rooms = open_rooms(&shelf, beside.as_ref(), key, &clock, running).await?;
        let mut taps: Vec<Arc<dyn Tap>> =
            vec![boards.clone(), gates.clone(), parties.clone(), turn.clone()];
        taps.extend(rooms.clone().map(|rooms| rooms as Arc<dyn Tap>));
        let bell = bell(&shelf, purpose, beside.as_ref(), running).await?;
        follow(follower, bell, (&reads, &clock), &mut taps, running);
        taps.push(Arc::new(Commits));
        let ways_out = Roads::begin(&shelf, purpose, (&clock, &secret), &mut taps).await?;
        // Only of own commits: every instance carries on what it began, and what is due.
        let errands = gateway::errands(asked, &map, &shelf, &mut taps);
        let locks = locks(beside.as_ref(), &map, configuration, &shelf.store(), running).await?;
        let carriers = Carriers::of(&map, configuration, beside.as_ref(), (&shelf, &clock)).await?;
        let queues = carriers.queues();
        let travel = carriers.travel(configuration, beside.as_ref(), &reads, running);
        let (store, observations) = settled::settled_in(&shelf, membership.as_ref(), configuration);
        let setup = RouterSetup {
            store,
            locks,
            clock: Arc::clone(&clock),
            taps,
            limits: settled::settle_limits(configuration),
            channel: settled::channel_limits(configuration, &shelf),
            travel,
            tasks: tasks.clone(),
        };
        let Deliveries { desk, delivery, pulse, channels } = Deliveries::start(&map, setup)?;
        let (delivery, reads) = with_cache(beside.as_ref(), &turn, delivery, reads);
        let office =
            BoxOffice { delivery, reads, boards, ids: Arc::new(Ids::new(shelf.store())), clock };
        keep(&office, &shelf, purpose, running);
        let (office, payments) = gateway::start(asked, office, errands, running)?;
        let ahead = roads::start(ways_out, configuration, &office, running).await?;
        Ok(Self {
            staff: BoxOffice { delivery: desk, ..office.clone() },
            limits: limits(configuration, beside.as_ref(), &office.clock)?,
            office,
            gates,
            rooms,
            parties,
            turn,
            secret: Secret::new(&secret),
            page_keys: Keys::new(&secret),
            issuer: issuer(configuration)?,
            payments,
            pulse,
            ahead,
            queues: Arc::new(NamedQueues([queues, channels].concat())),
            shelf,
            membership,
            machine_clock,
            observations,
            stop,
            tasks,
        })
    }

    /// The waiting rooms of a house that sells.
    pub(crate) fn rooms(&self) -> Result<Arc<Rooms>, Failed> {
        self.rooms.clone().ok_or_else(|| failed("the waiting rooms")("are left to those who sell"))
    }

    /// The endpoints of a house that settles.
    pub(crate) fn webhooks(&self) -> Result<Arc<WebhookDesk>, Failed> {
        let webhooks = self.ahead.as_ref().map(|ahead| Arc::clone(&ahead.webhooks));
        webhooks.ok_or_else(|| failed("webhooks")("are left to those who settle"))
    }

    /// Who writes notices to buyers, if anybody sends them.
    pub(crate) fn notices(&self) -> Option<Arc<NoticeWriter>> {
        self.ahead.as_ref()?.notices.clone()
    }

    /// What a house that settles writes down about itself.
    pub(crate) fn notes(&self) -> Result<Arc<dyn Notes>, Failed> {
        let notes = self.ahead.as_ref().map(|ahead| Arc::clone(&ahead.notes));
        notes.ok_or_else(|| failed("notes")("are left to those who settle"))
    }

    /// What operators did.
    pub(crate) fn log(&self) -> Result<OperatorLog, Failed> {
        let (notes, clock) = (self.notes()?, Arc::clone(&self.office.clock));
        let book = LogBook { notes, clock, chance };
        Ok(OperatorLog { records: self.shelf.records(), book })
    }

    /// Answers what was accepted, folds the journal, ends.
    pub(crate) async fn close(self) -> Result<(), Failed> {
        self.stop.cancel();
        self.tasks.close();
        drop((self.office, self.staff, self.gates, self.rooms, self.parties, self.queues));
        drop((self.payments, self.ahead));
        self.tasks.wait().await;
        if let Some(membership) = self.membership {
            membership.leave().await?;
        }
        self.shelf.close().await
    }
}

/// The machine's clock, as itself and as everybody asks it.
fn clocks() -> (Arc<SystemClock>, Arc<dyn Clock>) {
    let clock = Arc::new(SystemClock::default());
    (Arc::clone(&clock), clock)
}

/// The servers of Redis, for whoever settles.
async fn beside(
    purpose: Purpose,
    configuration: &Configuration,
    shelf: &Shelf,
) -> Result<Option<Beside>, Failed> {
    match purpose {
        Purpose::Selling | Purpose::Working | Purpose::Task => {
            Beside::open(configuration, shelf).await
        }
        Purpose::Looking => Ok(None),
    }
}

/// The boards; copies are shared by those that follow each other.
fn boards(shelf: &Shelf, reads: &Arc<dyn Reads>, copies: Option<&Beside>) -> Arc<Boards> {
    let epoch = u64::try_from(chance() & 0xffff_ffff).unwrap_or(1);
    let boards = Boards::new(Arc::clone(reads), epoch);
    Arc::new(match (copies, shelf.outbox()) {
        (Some(beside), Some(outbox)) => boards.with_copies(beside.copies(outbox)),
        _ => boards,
    })
}

/// Lists come from the cache, if there is one, and whoever changes them has it dropped.
fn with_cache(
    beside: Option<&Beside>,
    turn: &Arc<Turn>,
    delivery: Arc<dyn Delivery>,
    reads: Arc<dyn Reads>,
) -> (Arc<dyn Delivery>, Arc<dyn Reads>) {
    let Some(cache) = beside.map(Beside::cache) else { return (delivery, reads) };
    let lists = CachedLists::new(reads, Arc::clone(&cache));
    (Arc::new(DropsLists { delivery, cache, turn: Arc::clone(turn) }), Arc::new(lists))
}

/// The locks that a map needs of Redis.
async fn locks(
    beside: Option<&Beside>,
    map: &StrategyMap,
    configuration: &Configuration,
    store: &Arc<dyn Store>,
    running: (&TaskTracker, &CancellationToken),
) -> Result<Vec<(LockKind, Arc<dyn Lock>)>, Failed> {
    match beside {
        Some(beside) => beside.locks(map, configuration, store, running).await,
        None => Ok(Vec::new()),
    }
}

/// What has to be done all the time by whoever is there to do it.
fn keep(
    office: &BoxOffice,
    shelf: &Shelf,
    purpose: Purpose,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) {
    if purpose == Purpose::Selling || !shelf.is_shared() {
        tasks.spawn(sweeper(office).run(stop.clone()));
    }
    if let Some(waits) = shelf.lock_waits().filter(|_| purpose == Purpose::Selling) {
        let watch = LockWatch { waits, clock: Arc::clone(&office.clock) };
        tasks.spawn(watch.run(stop.clone()));
    }
}

fn sweeper(office: &BoxOffice) -> Sweeper {
    Sweeper {
        reads: Arc::clone(&office.reads),
        delivery: Arc::clone(&office.delivery),
        clock: Arc::clone(&office.clock),
    }
}

/// Whoever else says who somebody is.
pub(crate) fn issuer(configuration: &Configuration) -> Result<Option<Issuer>, Failed> {
    let issuer = configuration.issuer.as_ref();
    let issuer = issuer.map(|i| Issuer::new(&i.name, i.audience.as_deref(), &i.jwk));
    Ok(issuer.transpose()?)
}

/// The key of the waiting rooms, for who may open them.
fn master_key(shelf: &Shelf, purpose: Purpose, secret: [u8; 32]) -> Option<MasterKey> {
    let has_rooms = purpose == Purpose::Selling || !shelf.is_shared();
    has_rooms.then_some(MasterKey { id: 1, secret })
}

/// Opens the waiting rooms, for who has their key. Instances share them, in Redis or in the store.
async fn open_rooms(
    shelf: &Shelf,
    beside: Option<&Beside>,
    key: Option<MasterKey>,
    clock: &Arc<dyn Clock>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Option<Arc<Rooms>>, Failed> {
    let Some(key) = key else { return Ok(None) };
    shelf.keep(tasks, stop);
    let setup = RoomsSetup {
        reads: shelf.reads(),
        kept: match beside {
            Some(beside) => Kept::Shared(beside.rooms(tasks)),
            None => shelf.rooms(tasks)?,
        },
        clock: Arc::clone(clock),
        key,
        tracker: tasks.clone(),
        stop: stop.clone(),
    };
    Ok(Some(Rooms::open(setup).await?))
}

/// 16 random bytes of the operating system.
pub(crate) fn chance() -> u128 {
    u128::from_le_bytes(random())
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without random numbers nothing can be signed")]
    ring::rand::SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    bytes
}
