//! Sends a workload to a house, closed or open, and writes the history.
//!
//! Closed: each connection sends its next request when it has its answer. It finds the ceiling, and
//! says nothing about latency, because a slow house is asked less. Open: requests come when the
//! schedule says, whatever the house does, and latency counts from then.

mod arrivals;
mod driver;
mod line;
mod live;
mod tick;

pub use arrivals::Arrivals;
pub use live::{Live, Look};

use crate::Trouble;
use crate::history::{Event, History, Window};
use crate::time::{Stopwatch, nanos};
use crate::workload::{Work, Workload};
use arrivals::Schedule;
use driver::{Driver, Shared};
use line::Line;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;
use tick::Tick;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long answers are waited for when the last request is sent.
const DRAIN: Duration = Duration::from_secs(15);
/// So often it is looked whether somebody wants an end.
const LOOK: Duration = Duration::from_millis(250);
/// So many seconds of arrivals may wait to be sent; what comes beyond has failed.
const WAITING_SECONDS: u64 = 1;

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// When the answer before is there.
    Closed,
    /// Users who wait after each answer before they ask again.
    Thinking {
        /// How long.
        think: Duration,
    },
    /// So many a second.
    Open {
        /// How many a second.
        rate: u32,
        /// How they are spread.
        arrivals: Arrivals,
    },
}

/// How a load is.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many connections, each with one request under way.
    pub connections: usize,
    /// How many threads send.
    pub threads: usize,
    /// When requests are sent.
    pub pace: Pace,
    /// How long before anything counts.
    pub warm_up: Duration,
    /// How long it counts.
    pub span: Duration,
    /// For what is random.
    pub seed: u64,
    /// Ends the load early.
    pub stop: Stop,
    /// Told what ends, for people who wait.
    pub live: Arc<Live>,
}

/// Set from outside when somebody wants an end.
pub type Stop = Arc<AtomicBool>;

/// What a load was, before anybody looks at it.
#[derive(Debug)]
pub struct Sent {
    /// What was asked and answered, and the part of it that counts.
    pub history: History,
    /// From when its times count.
    pub clock: Stopwatch,
}

/// Runs a load of single requests on threads of its own and waits for it.
pub fn run(
    address: SocketAddr,
    workload: &Arc<dyn Workload>,
    plan: &Plan,
) -> Result<History, Trouble> {
    let work = Work::Requests(Arc::clone(workload));
    Ok(send(&[address], &work, plan)?.history)
}

/// Runs a load on threads of its own and waits for it. Connections go to the addresses in turn, unless
/// the work is for somebody else.
pub fn send(addresses: &[SocketAddr], work: &Work, plan: &Plan) -> Result<Sent, Trouble> {
    let elsewhere = work.elsewhere();
    let addresses = elsewhere.as_ref().map_or(addresses, std::slice::from_ref);
    if addresses.is_empty() {
        return Err(Trouble::Impossible("a house without an address".to_owned()));
    }
    let threads = plan.threads.clamp(1, most_threads(plan));
    let start = Arc::new(Start::new(threads));
    let next = Arc::new(AtomicU64::new(0));
    let exhausted_ns = Arc::new(AtomicU64::new(u64::MAX));
    let senders: Vec<_> = (0..threads)
        .map(|thread| {
            let sender = Sender {
                addresses: addresses.into(),
                work: work.clone(),
                next: Arc::clone(&next),
                exhausted_ns: Arc::clone(&exhausted_ns),
                start: Arc::clone(&start),
                plan: share(plan, thread, threads),
                users: (thread, threads),
            };
            std::thread::spawn(move || sender.run())
        })
        .collect();
    let mut events = Vec::new();
    for sender in senders {
        let ended = sender.join();
        let died = |_| Trouble::Impossible("a thread of the generator died".to_owned());
        events.append(&mut ended.map_err(died)??);
    }
    let from_ns = nanos(plan.warm_up);
    let used_up_ns = if work.is_planned() {
        events.iter().map(|event| event.ended_ns.saturating_add(1)).max().unwrap_or(u64::MAX)
    } else {
        exhausted_ns.load(Ordering::SeqCst)
    };
    let to_ns = from_ns.saturating_add(nanos(plan.span)).min(used_up_ns);
    let history = History { events, window: Window { from_ns, to_ns } };
    Ok(Sent { history, clock: start.wait_for_clock() })
}

/// Waits for all who send. Whoever wants an end waits for a house that does not answer as long as at
/// the end of a load, and no longer.
async fn gather(
    mut sending: JoinSet<Vec<Event>>,
    events: &mut Vec<Event>,
    (shared, give_up): (&Shared, &watch::Sender<bool>),
) -> Result<(), Trouble> {
    let mut stopped_ns = None;
    loop {
        if let Ok(ended) = tokio::time::timeout(LOOK, sending.join_next()).await {
            let Some(ended) = ended else { return Ok(()) };
            let died = |_| Trouble::Impossible("a connection of the generator died".to_owned());
            events.append(&mut ended.map_err(died)?);
        }
        if shared.stop.load(Ordering::Relaxed) {
            let now = shared.clock.ns();
            let since = *stopped_ns.get_or_insert(now);
            if now.saturating_sub(since) > nanos(DRAIN) {
                give_up.send_replace(true);
            }
        }
    }
}

/// How many threads have something to send: each needs a connection, and a request a second where so many
/// are due.
fn most_threads(plan: &Plan) -> usize {
    let due = match plan.pace {
        Pace::Closed | Pace::Thinking { .. } => usize::MAX,
        Pace::Open { rate, .. } => usize::try_from(rate).unwrap_or(usize::MAX),
    };
    plan.connections.min(due).max(1)
}

/// What one thread does of a plan.
fn share(plan: &Plan, thread: usize, threads: usize) -> Plan {
    let part = |whole: usize| whole / threads + usize::from(thread < whole % threads);
    let pace = match plan.pace {
        Pace::Closed | Pace::Thinking { .. } => plan.pace,
        Pace::Open { rate, arrivals } => {
            let arrivals = match arrivals {
                Arrivals::Ramp { from, over_ms } => {
                    let from = part(usize::try_from(from).unwrap_or(usize::MAX));
                    Arrivals::Ramp { from: u32::try_from(from).unwrap_or(u32::MAX), over_ms }
                }
                Arrivals::Constant | Arrivals::Poisson => arrivals,
            };
            let rate = part(usize::try_from(rate).unwrap_or(usize::MAX));
            Pace::Open { rate: u32::try_from(rate).unwrap_or(u32::MAX), arrivals }
        }
    };
    let seed = plan.seed.wrapping_add(u64::try_from(thread).unwrap_or(0));
    Plan { connections: part(plan.connections), pace, seed, ..plan.clone() }
}

/// Where the threads begin together, with one clock: the auditor compares their times.
struct Start {
    barrier: Barrier,
    clock: OnceLock<Stopwatch>,
}

impl Start {
    fn new(threads: usize) -> Self {
        Self { barrier: Barrier::new(threads), clock: OnceLock::new() }
    }

    fn wait(&self) -> Stopwatch {
        self.barrier.wait();
        *self.clock.get_or_init(Stopwatch::start)
    }

    /// The clock that all of them had.
    fn wait_for_clock(&self) -> Stopwatch {
        *self.clock.get_or_init(Stopwatch::start)
    }
}

/// One thread of the generator.
struct Sender {
    addresses: Arc<[SocketAddr]>,
    work: Work,
    next: Arc<AtomicU64>,
    exhausted_ns: Arc<AtomicU64>,
    start: Arc<Start>,
    plan: Plan,
    /// Its users are every so manieth, from its own number on.
    users: (usize, usize),
}

impl Sender {
    fn run(self) -> Result<Vec<Event>, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("starting the generator"))?;
        let opened = runtime.block_on(self.connect());
        // Every thread comes here, also one that failed: the others wait for it.
        let clock = self.start.wait();
        runtime.block_on(self.send(opened?, clock))
    }

    async fn connect(&self) -> Result<Vec<Driver>, Trouble> {
        let mut drivers = Vec::new();
        let (first, step) = self.users;
        for number in 0..self.plan.connections {
            let live = Arc::clone(&self.plan.live);
            drivers.push(Driver::connect(&self.addresses, first + number * step, live).await?);
        }
        Ok(drivers)
    }

    async fn send(self, drivers: Vec<Driver>, clock: Stopwatch) -> Result<Vec<Event>, Trouble> {
        let end_ns = nanos(self.plan.warm_up).saturating_add(nanos(self.plan.span));
        let line = self.line()?.map(Arc::new);
        let (give_up, is_over) = watch::channel(false);
        let shared = Arc::new(Shared {
            stock: self.work.stock(),
            work: self.work,
            next: self.next,
            exhausted_ns: self.exhausted_ns,
            clock,
            end_ns,
            drain_ns: end_ns.saturating_add(nanos(DRAIN)),
            think: match self.plan.pace {
                Pace::Thinking { think } => think,
                Pace::Closed | Pace::Open { .. } => Duration::ZERO,
            },
            stop: Arc::clone(&self.plan.stop),
            given_up: is_over,
        });
        let mut sending = JoinSet::new();
        for driver in drivers {
            sending.spawn(driver.drive(Arc::clone(&shared), line.clone()));
        }
        let mut events = Vec::new();
        if let (Some(line), Pace::Open { rate, arrivals }) = (&line, self.plan.pace) {
            let schedule = Schedule::new(rate, arrivals, self.plan.seed);
            let tick = Tick::new().map_err(Trouble::system("making a timer"))?;
            line.fill(schedule, &tick, &shared).await.map_err(Trouble::system("waiting"))?;
        }
        gather(sending, &mut events, (&shared, &give_up)).await?;
        if let Some(line) = line {
            events.extend(line.not_sent(clock.ns(), &shared.work));
        }
        Ok(events)
    }

    fn line(&self) -> Result<Option<Line>, Trouble> {
        let Pace::Open { rate, .. } = self.plan.pace else { return Ok(None) };
        if rate == 0 {
            return Err(Trouble::Impossible("a rate of nothing".to_owned()));
        }
        let waiting_max = usize::try_from(u64::from(rate) * WAITING_SECONDS).unwrap_or(usize::MAX);
        Ok(Some(Line::new(waiting_max, self.plan.connections)))
    }
}
