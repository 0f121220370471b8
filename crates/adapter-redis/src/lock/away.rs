//! Servers that cannot be reached: who finds it out waited for them in vain, and those after him
//! try once.

use admitone_app::Trouble;
use admitone_app::ports::lock::Guard;
use admitone_app::ports::store::{Fences, Mode};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the servers are known to be away.
#[derive(Default)]
pub(super) struct Outage(AtomicBool);

impl Outage {
    pub(super) fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn begins(&self, trouble: &Trouble) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!(%trouble, "locks cannot be reached");
        }
    }

    pub(super) fn ends(&self) {
        if self.is_known() && self.0.swap(false, Ordering::Relaxed) {
            tracing::info!("locks can be reached again");
        }
    }
}

/// No lock, but a token of each key, and a mode that protects by itself.
pub(super) struct Tokens {
    pub(super) fences: Fences,
    pub(super) mode: Mode,
}

#[async_trait]
impl Guard for Tokens {
    fn fences(&self) -> Fences {
        self.fences.clone()
    }

    fn mode(&self, _usual: Mode) -> Mode {
        self.mode
    }

    async fn release(self: Box<Self>) {}
}
