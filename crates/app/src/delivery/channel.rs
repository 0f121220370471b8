//! Channel: one task takes all that waits and settles it as one batch.
//!
//! While a batch commits, the next one gathers; no timer makes a batch. Alone, a command is a batch
//! of one and waits for nobody. One writer at a time is what makes *plain* safe; where the mode
//! protects by itself it is only faster, and a batch that takes too long, on a connection that
//! nobody answers, does not hold up those behind it.

mod queue;

pub use queue::ChannelQueue;

use crate::ports::delivery::{Delivery, Reply};
use crate::ports::store::Mode;
use crate::settle::Settler;
use crate::{Trouble, TroubleKind};
use admitone_domain::{Command, Moment};
use async_trait::async_trait;
use queue::Gauge;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// So long a batch holds up those behind it at most, where its mode protects by itself.
const HOLDS_UP_MS: u64 = 1_000;
/// At most so many batches are left to themselves at once: each has a connection of the store.
const LEFT_MAX: usize = 4;

/// How much may wait, how much is taken at once, and on which thread.
#[derive(Debug, Clone, Copy)]
pub struct ChannelLimits {
    /// Most commands that wait; one more is refused as busy.
    pub depth_max: usize,
    /// Most commands of one batch.
    pub batch_max: usize,
    /// Whether the writer has a thread of its own: where a commit waits for the disk on the thread
    /// that makes it, nobody else may wait behind it.
    pub own_thread: bool,
}

impl Default for ChannelLimits {
    /// 20,000 may wait, 1,024 are taken at once, on any thread of the runtime.
    fn default() -> Self {
        Self { depth_max: 20_000, batch_max: 1_024, own_thread: false }
    }
}

struct Parcel {
    command: Command,
    since: Moment,
    reply: oneshot::Sender<Result<Reply, Trouble>>,
}

/// Brings commands to one writer.
pub struct Channel {
    sender: mpsc::Sender<Parcel>,
    settler: Arc<Settler>,
    gauge: Arc<Gauge>,
}

impl Channel {
    /// Starts the writer. It ends when the channel is dropped and all that waited is answered.
    pub fn start(settler: Arc<Settler>, limits: ChannelLimits, tasks: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(limits.depth_max);
        let gauge: Arc<Gauge> = Arc::default();
        let writer = Writer {
            settler: Arc::clone(&settler),
            gauge: Arc::clone(&gauge),
            left: Arc::new(Semaphore::new(LEFT_MAX)),
            tasks: tasks.clone(),
        };
        let running = writer.run(receiver, limits.batch_max);
        if limits.own_thread {
            let runtime = Handle::current();
            tasks.spawn_blocking(move || runtime.block_on(running));
        } else {
            tasks.spawn(running);
        }
        Self { sender, settler, gauge }
    }

    /// How it stands, for operators, under a name.
    pub fn queue(&self, name: String) -> ChannelQueue {
        // It looks only: the writer ends when the channel is dropped, whoever looks.
        let (sender, gauge) = (self.sender.downgrade(), Arc::clone(&self.gauge));
        ChannelQueue { name, sender, gauge, clock: Arc::clone(&self.settler.clock) }
    }
}

#[async_trait]
impl Delivery for Channel {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let (reply, answered) = oneshot::channel();
        let since = self.settler.clock.now();
        self.sender.try_send(Parcel { command, since, reply }).map_err(
            |refused| match refused {
                mpsc::error::TrySendError::Full(_) => busy("too many commands wait"),
                mpsc::error::TrySendError::Closed(_) => busy("the house is closing"),
            },
        )?;
        self.gauge.came(since);
        answered.await.unwrap_or_else(|_| Err(busy("the writer ended before it answered")))
    }

    /// It is answered as soon as it is kept.
    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.submit(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        if self.sender.is_closed() {
            return Err(Trouble::new(TroubleKind::Unavailable, "check", "the writer ended"));
        }
        self.settler.store.check().await
    }

    async fn ended(&self) {
        self.sender.closed().await;
    }

    fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }
}

fn busy(detail: &str) -> Trouble {
    Trouble::new(TroubleKind::Busy, "submit", detail)
}

/// Settles what waits, batch after batch.
struct Writer {
    settler: Arc<Settler>,
    gauge: Arc<Gauge>,
    /// A permit for each batch that may be left to itself.
    left: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Writer {
    async fn run(self, mut receiver: mpsc::Receiver<Parcel>, batch_max: usize) {
        let mut parcels = Vec::with_capacity(batch_max);
        while receiver.recv_many(&mut parcels, batch_max).await > 0 {
            let last = parcels.last().map(|parcel| parcel.since);
            self.gauge.taken(parcels.len(), last, || !receiver.is_empty());
            let (commands, waiting): (Vec<_>, Vec<_>) =
                parcels.drain(..).map(|parcel| (parcel.command, parcel.reply)).unzip();
            metrics::histogram!("admitone_batch_commands").record(size(commands.len()));
            let (settler, gauge) = (Arc::clone(&self.settler), Arc::clone(&self.gauge));
            self.finish_or_leave(async move {
                let count = commands.len();
                let replies = settler.settle(commands).await;
                for (reply, waiting) in replies.into_iter().zip(waiting) {
                    // Whoever asked may have gone: the answer is kept under the command's name.
                    let _ = waiting.send(reply);
                }
                gauge.ended(count);
            })
            .await;
            // Those who were answered come first: what they ask next still joins the next batch,
            // and a larger batch costs its sync only once. Alone, nobody waits for anybody.
            tokio::task::yield_now().await;
        }
    }

    /// Waits for a batch; one that takes too long goes on by itself, where that does no harm.
    async fn finish_or_leave(&self, batch: impl Future<Output = ()> + Send + 'static) {
        if self.settler.mode == Mode::Plain {
            return batch.await;
        }
        let mut batch = Box::pin(batch);
        let too_long = async {
            self.settler.clock.sleep_ms(HOLDS_UP_MS).await;
            Arc::clone(&self.left).acquire_owned().await
        };
        let permit = tokio::select! {
            () = &mut batch => return,
            permit = too_long => permit,
        };
        metrics::counter!("admitone_batches_left_total").increment(1);
        tracing::warn!("a batch takes too long: those behind it wait for it no longer");
        self.tasks.spawn(async move {
            batch.await;
            drop(permit);
        });
    }
}

fn size(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
