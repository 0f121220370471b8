//! The clerk: brings the events of this process to their steps, and takes up what is due.
//!
//! Events come by a tap, which must be quick: it leaves them in a basket. A basket that is full
//! loses an event and no payment, because what was begun is due again when its time comes.

use super::waiting::Waiting;
use super::{Payments, step};
use crate::Trouble;
use crate::ports::reads::{Asking, turn};
use admitone_domain::id::PaymentId;
use admitone_domain::payment::Payment;
use admitone_domain::{Event, Moment, Row, Verdict};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Between two looks for what is due.
const PAUSE_MS: u64 = 500;
/// So many events wait for their step.
const BASKET: usize = 10_000;
/// So much that is due is taken up in one round.
const DUE_MAX: usize = 256;

/// Something to be done.
enum Errand {
    On(Event),
    AskAgain(PaymentId),
}

/// The basket: what the tap leaves and the clerk takes. It is made before the parts that need each
/// other: the tap is given to whoever settles, the clerk needs what settles.
pub struct Errands {
    sender: Sender<Errand>,
    receiver: Mutex<Option<Receiver<Errand>>>,
    /// Who waits for payments that pass by here.
    pub(super) waiting: Arc<Waiting>,
}

impl Default for Errands {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(BASKET);
        Self { sender, receiver: Mutex::new(Some(receiver)), waiting: Arc::default() }
    }
}

impl Errands {
    /// Somebody said that there is news of a payment. Forgotten when too much is to be done.
    pub(super) fn ask_again(&self, payment: PaymentId) {
        // A hint that is lost costs that it is asked later.
        let _ = self.sender.try_send(Errand::AskAgain(payment));
    }
}

impl crate::ports::tap::Tap for Errands {
    fn committed(&self, verdict: &Arc<Verdict>) {
        for event in verdict.events.iter().filter(|event| step::concerns(event).is_some()) {
            // What finds no place is due later.
            let _ = self.sender.try_send(Errand::On(event.clone()));
        }
        for change in &verdict.changes {
            if let Row::Payment(payment) = &*change.row {
                self.waiting.tell(payment.id);
            }
        }
    }
}

/// Does the errands of one process.
pub struct Clerk {
    payments: Arc<Payments>,
    tasks: TaskTracker,
    places: Arc<Semaphore>,
}

impl Clerk {
    /// A clerk for payments; what it begins is among these tasks.
    pub fn new(payments: Arc<Payments>, tasks: TaskTracker) -> Self {
        let places = Arc::new(Semaphore::new(payments.limits.at_once_max));
        Self { payments, tasks, places }
    }

    /// Works until `stop`. What was begun by then goes on until it is done.
    pub async fn run(self, stop: CancellationToken) {
        let taken = self.payments.errands.receiver.lock().map_or(None, |mut one| one.take());
        let Some(mut receiver) = taken else { return };
        let clock = Arc::clone(&self.payments.office.clock);
        let mut looks_at = clock.now();
        while !stop.is_cancelled() {
            if clock.now() >= looks_at {
                self.round().await;
                looks_at = clock.now().plus_ms(PAUSE_MS);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(errand) = receiver.recv() => self.send(errand).await,
                () = clock.sleep_ms(PAUSE_MS) => {}
            }
        }
    }

    /// Takes up what is due; how much that was.
    pub async fn round(&self) -> usize {
        let due = match self.due().await {
            Ok(due) => due,
            Err(trouble) => {
                tracing::warn!(%trouble, "cannot look for payments that are due");
                return 0;
            }
        };
        let count = due.len();
        for payment in due {
            let Some(place) = self.place().await else { return count };
            let payments = Arc::clone(&self.payments);
            self.tasks.spawn(async move {
                done(payments.take_up(payment).await);
                drop(place);
            });
        }
        count
    }

    /// What is due, the longest first. What nobody here can ask stays with those who can, for as
    /// long as it takes: it is not looked for, and what an older house wrote so that it is found all the
    /// same is passed over. Else it would hide what is due behind it.
    async fn due(&self) -> Result<Vec<Payment>, Trouble> {
        let Payments { office, gateway, .. } = &*self.payments;
        let asking = if gateway.is_some() { Asking::Anybody } else { Asking::Wallets };
        let now = office.clock.now();
        let (mut due, mut after) = (Vec::new(), None);
        loop {
            let page = office.reads.open_payments(asking, after, DUE_MAX).await?;
            after = page.last().and_then(turn);
            let has_more = page.len() == DUE_MAX && page.last().is_some_and(|one| is_due(one, now));
            let is_ours = |one: &Payment| is_due(one, now) && self.payments.can_take_up(one);
            due.extend(page.into_iter().filter(is_ours));
            if !has_more || due.len() >= DUE_MAX {
                due.truncate(DUE_MAX);
                return Ok(due);
            }
        }
    }

    async fn send(&self, errand: Errand) {
        let Some(place) = self.place().await else { return };
        let payments = Arc::clone(&self.payments);
        self.tasks.spawn(async move {
            match errand {
                Errand::On(event) => done(payments.on(&event).await),
                Errand::AskAgain(payment) => done(payments.ask_again(payment).await),
            }
            drop(place);
        });
    }

    /// A place among those who ask at once; none when the house closes.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

fn is_due(payment: &Payment, now: Moment) -> bool {
    payment.ask_at().is_some_and(|at| at <= now)
}

/// What could not be done is due again.
fn done<T>(done: Result<T, Trouble>) {
    if let Err(trouble) = done {
        tracing::warn!(%trouble, "a step of a payment waits for the next look");
    }
}
