//! Who waits for a payment inside this process, so that nobody has to look all the time.

use admitone_domain::id::PaymentId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Who waits for which payment.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<PaymentId, watch::Sender<()>>>);

impl Waiting {
    /// Waits from now on for a payment.
    pub(super) fn ticket(self: &Arc<Self>, payment: PaymentId) -> Ticket {
        let mut waiting = self.lock();
        let sender = waiting.entry(payment).or_insert_with(|| watch::channel(()).0);
        Ticket { payment, told: sender.subscribe(), waiting: Arc::clone(self) }
    }

    /// A payment changed.
    pub(super) fn tell(&self, payment: PaymentId) {
        if let Some(sender) = self.lock().get(&payment) {
            // Whoever waited may have gone.
            let _ = sender.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PaymentId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits.
pub(super) struct Ticket {
    payment: PaymentId,
    told: watch::Receiver<()>,
    waiting: Arc<Waiting>,
}

impl Ticket {
    /// Returns when the payment has changed since this was made.
    pub(super) async fn settled(&self) {
        let mut told = self.told.clone();
        if told.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The last one who waits takes the place away.
impl Drop for Ticket {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        let is_last = waiting.get(&self.payment).is_some_and(|sender| sender.receiver_count() <= 1);
        if is_last {
            waiting.remove(&self.payment);
        }
    }
}
