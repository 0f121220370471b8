//! Until when faults go on: no longer than the run, nor than somebody who wants an end.

use crate::load::Stop;
use crate::time::Stopwatch;
use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How soon the thread of a fault sees that the run is over.
pub(super) const GLANCE: Duration = Duration::from_millis(5);

/// For one fault.
#[derive(Default)]
pub(super) struct Until {
    /// Set when the run is over.
    over: Stop,
    /// Set when somebody wants an end: what stands still until then answers nobody, and the run would
    /// wait for answers.
    stop: Stop,
    is_cut: Cell<bool>,
}

impl Until {
    pub(super) fn new(over: &Stop, stop: &Stop) -> Self {
        Self { over: Stop::clone(over), stop: Stop::clone(stop), is_cut: Cell::new(false) }
    }

    /// Whether nothing is to begin any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed)
    }

    /// Waits so long, or until it is over if that is sooner.
    pub(super) fn wait(&self, long: Duration) {
        let clock = Stopwatch::start();
        loop {
            let left = long.saturating_sub(Duration::from_nanos(clock.ns()));
            if left.is_zero() {
                return;
            }
            if self.is_over() {
                self.is_cut.set(true);
                return;
            }
            std::thread::sleep(left.min(GLANCE));
        }
    }

    /// Whether it was over before somebody had waited as long as he wanted.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.get()
    }

    #[cfg(test)]
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
