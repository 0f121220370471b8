//! How long this process was not let run: what a busy machine adds to a time that a test measures, and what is
//! no fault of whom it measures.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// So long the watch sleeps each time.
const NAP: Duration = Duration::from_millis(10);

/// What a watch knows that does nothing but sleep: whatever it sleeps longer than it wanted to, the machine
/// had no time for it.
#[derive(Debug, Clone, Copy)]
struct Watch {
    lost: Duration,
    due: Instant,
}

impl Watch {
    /// It is awake, and sleeps again.
    fn woken(&mut self, now: Instant) {
        self.lost = self.lost_at(now);
        self.due = now + NAP;
    }

    /// What was lost until then, though it may not have been let wake up yet.
    fn lost_at(&self, now: Instant) -> Duration {
        self.lost + now.saturating_duration_since(self.due)
    }
}

/// A time that is measured without what this process lost meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    begun: Instant,
    lost: Duration,
}

impl Span {
    /// It begins now.
    pub fn begin() -> Self {
        let watch = watch();
        let begun = now();
        Self { begun, lost: watch.lost_at(begun) }
    }

    /// How long it was when another one began.
    pub fn until(&self, later: &Self) -> Duration {
        let lost = later.lost.saturating_sub(self.lost);
        later.begun.saturating_duration_since(self.begun).saturating_sub(lost)
    }

    /// How long it is by now.
    pub fn elapsed(&self) -> Duration {
        let watch = watch();
        let now = now();
        now.duration_since(self.begun).saturating_sub(watch.lost_at(now).saturating_sub(self.lost))
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures the machine, not the product")]
fn now() -> Instant {
    Instant::now()
}

/// The watch of this process; it begins with the first question. Whoever has it asks for the time after that.
fn watch() -> MutexGuard<'static, Watch> {
    static WATCH: OnceLock<Mutex<Watch>> = OnceLock::new();
    let begin = || {
        std::thread::spawn(|| {
            loop {
                std::thread::sleep(NAP);
                let mut watch = watch();
                watch.woken(now());
            }
        });
        Mutex::new(Watch { lost: Duration::ZERO, due: now() + NAP })
    };
    WATCH.get_or_init(begin).lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_overslept_is_lost_and_no_more() {
        let begun = now();
        let at = |ms| begun + Duration::from_millis(ms);
        let ms = Duration::from_millis;
        let mut watch = Watch { lost: Duration::ZERO, due: begun + NAP };
        assert_eq!(watch.lost_at(at(7)), Duration::ZERO, "it sleeps");
        assert_eq!(watch.lost_at(at(1_010)), ms(1_000), "it ought to be awake");
        watch.woken(at(1_510));
        assert_eq!(watch.lost_at(at(1_515)), ms(1_500));
        watch.woken(at(1_520));
        assert_eq!(watch.lost_at(at(1_520)), ms(1_500), "in its time");
    }

    #[test]
    fn what_takes_long_for_another_reason_is_measured() {
        // However busy the machine is, at most all of it is lost; on one that is not, nothing is.
        let measures = (0..20).any(|_| {
            let span = Span::begin();
            std::thread::sleep(Duration::from_millis(100));
            span.elapsed() > Duration::from_millis(60)
        });
        assert!(measures, "whatever takes long is taken for lost");
    }
}
