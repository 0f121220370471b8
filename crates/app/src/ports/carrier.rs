//! Carries commands from who wants them to who settles them: a broker, or a queue in Redis.
//!
//! A carrier carries bytes and decides nothing. What is in them, when a job is given back and when
//! it is put away is the business of [`crate::delivery`]; what a broker can do by itself and what
//! it cannot stands in [`Abilities`].

pub use crate::lane::Lane;

use crate::Trouble;
use async_trait::async_trait;

/// How soon a job is taken, beside others that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody is about to have paid.
    High,
    /// What most wish for.
    Usual,
    /// Nobody waits for it.
    Low,
}

impl Urgency {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Usual, Self::Low];

    /// Its name in a broker.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Usual => "usual",
            Self::Low => "low",
        }
    }
}

/// What a carrier can do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// So many lanes; none where order is not kept and any consumer takes any job.
    pub lanes: Option<u16>,
    /// Whether what is urgent overtakes what is not.
    pub has_urgency: bool,
    /// Whether a job can wait for its time in it.
    pub has_delay: bool,
    /// The largest body that it takes, in bytes.
    pub body_max: usize,
}

/// A job that is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// What is carried.
    pub body: Vec<u8>,
    /// In which lane; must be below the number of lanes, and is not looked at where there are none.
    pub lane: Lane,
    /// How soon, where that can be had.
    pub urgency: Urgency,
    /// Not before so many milliseconds have passed, where that can be had.
    pub delay_ms: u64,
}

/// Names a job that was delivered, until it is acknowledged, given back or put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u64);

/// A job that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its name for this consumer.
    pub tag: Tag,
    /// What is carried.
    pub body: Vec<u8>,
    /// By which lane it came, where there are any.
    pub lane: Option<Lane>,
    /// How often it was delivered before without an end, as far as that is known: given back with
    /// [`Return::is_counted`], or left over by a consumer that died.
    pub attempts: u32,
}

/// What a consumer hears next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Jobs; perhaps none, when nothing came for a while.
    Jobs(Vec<Arrival>),
    /// These lanes are this consumer's from now on. It comes before any job of them.
    Assigned(Vec<Lane>),
    /// These lanes are somebody else's from now on. What was delivered of them and has no end yet
    /// comes again, to that one.
    Revoked(Vec<Lane>),
}

/// A job that is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// Which.
    pub tag: Tag,
    /// Not before so many milliseconds have passed.
    pub delay_ms: u64,
    /// Whether this counts as an attempt: what fails by itself is put away in the end, what fails
    /// because the store is away is not.
    pub is_counted: bool,
}

/// A job that nobody can settle, and why, for who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Which.
    pub tag: Tag,
    /// Why.
    pub reason: String,
}

/// Carries jobs. It may deliver one twice; it never loses one whose handing over it confirmed.
///
/// # Behavior
/// - `a_published_job_is_delivered`: whole, and once, if its consumer acknowledges it.
/// - `what_is_not_acknowledged_is_delivered_again`: when its consumer has gone; and it says that
///   it was delivered before.
/// - `what_was_acknowledged_never_comes_again`: to nobody, whoever comes and goes.
/// - `what_is_given_back_comes_again_later`: not before its time, and with its attempts counted if
///   that was wanted.
/// - `what_is_urgent_comes_first_where_that_can_be_had`: elsewhere jobs come as they were handed over.
/// - `what_is_delayed_comes_in_its_time_where_that_can_be_had`: elsewhere it comes at once.
/// - `a_dead_job_stops_nobody`: what was put away is not delivered, and what is behind it is.
/// - `a_job_that_is_not_there_is_not_found_however_it_is_called`: where its queue is shown, whatever name is asked for.
/// - `leftovers_are_delivered_before_new_jobs`: what an earlier consumer left over comes again and
///   is not lost behind what came since.
/// - `a_lane_keeps_its_order`: jobs of one lane are delivered in the order of their handing over.
/// - `a_lane_has_one_consumer_at_a_time`: and who takes it over hears of it before its first job.
/// - `who_gives_up_while_it_begins_holds_nothing`: whenever that is, the jobs come to others.
/// - `consumers_come_and_go_under_load_and_every_lane_keeps_its_order`: redeliveries aside, wherever it moves.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// Hands jobs over, in this order, and returns once the broker has confirmed that it keeps
    /// them; one result for each. Where that is not known it is trouble: the job may come or not.
    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>>;

    /// Begins to consume.
    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble>;

    /// Whether a job that was handed over now would be kept, as far as is known.
    async fn check(&self) -> Result<(), Trouble>;
}

/// One consumer. Dropped without [`Consumer::leave`] it is as if it had died: what it had not
/// ended comes again, perhaps only after a while.
#[async_trait]
pub trait Consumer: Send {
    /// Waits for what comes next, at most `jobs_max` jobs at once; no longer than a second or so,
    /// then with no jobs.
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble>;

    /// Ends jobs: they are settled and durable. Not before that.
    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), Trouble>;

    /// Gives jobs back. Where lanes keep an order, what was delivered behind them comes again too.
    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble>;

    /// Puts jobs away where an operator finds them.
    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble>;

    /// Ends in good order: what it has not ended comes again at once.
    async fn leave(self: Box<Self>);
}
