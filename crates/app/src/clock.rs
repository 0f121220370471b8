//! The clock of the machine.

use crate::ports::clock::Clock;
use admitone_domain::Moment;
use async_trait::async_trait;
use rustix::time::{ClockId, clock_gettime};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// How often it looks at the wall clock.
const LOOK_US: i64 = 1_000;
/// It comes near the wall clock by one part in so many of the time that passes.
const FOLLOWS_ONE_IN: i64 = 20;
/// So far from the wall clock whoever runs the house has to know of it.
const FAR_US: i64 = 5_000_000;
/// Behind by more than a day, it was never right.
const WRONG_US: i64 = 24 * 3_600 * 1_000_000;

/// The machine's clock, kept from going back and from jumping.
///
/// What is measured with it are holds and passes, so it goes on as the time since the machine started
/// does, sleep included, and follows the wall clock slowly: whoever sets that one, by hand or by a time
/// server, moves the end of a hold of five minutes by fifteen seconds at most. Only a wall clock that is
/// set forward by more than a day is believed at once: the machine had none when it started.
#[derive(Debug)]
pub struct SystemClock {
    /// What is added to the time since the machine started, in microseconds as all of this.
    offset: AtomicI64,
    /// When it looked at the wall clock last, in the time since the machine started.
    looked: AtomicI64,
    latest: AtomicI64,
    /// By how much the wall clock was moved.
    moved: AtomicI64,
    /// Whether it was said that it is far from the wall clock.
    is_told: AtomicBool,
}

impl Default for SystemClock {
    fn default() -> Self {
        let since_start_us = since_start_us();
        Self {
            offset: AtomicI64::new(wall_us() - since_start_us),
            looked: AtomicI64::new(since_start_us),
            latest: AtomicI64::new(i64::MIN),
            moved: AtomicI64::new(0),
            is_told: AtomicBool::new(false),
        }
    }
}

impl SystemClock {
    /// Moves the wall clock for this process, for whoever tests what becomes of it.
    pub fn move_wall_ms(&self, by_ms: i64) {
        self.moved.fetch_add(by_ms.saturating_mul(1_000), Ordering::Relaxed);
    }

    /// Comes nearer to the wall clock, if it is time.
    fn look(&self, since_start_us: i64) {
        let looked_us = self.looked.load(Ordering::Relaxed);
        let passed_us = since_start_us.saturating_sub(looked_us);
        let (order, is_due) = (Ordering::Relaxed, passed_us >= LOOK_US);
        let looked = &self.looked;
        // One of those who come at the same moment looks, the others take what there is.
        if !is_due || looked.compare_exchange(looked_us, since_start_us, order, order).is_err() {
            return;
        }
        let wall_us = wall_us().saturating_add(self.moved.load(order));
        let behind_us = wall_us - (since_start_us + self.offset.load(order));
        self.tell(behind_us);
        self.offset.fetch_add(correction(behind_us, passed_us), order);
    }
}

impl SystemClock {
    /// Says once that it is far from the wall clock, and again when that happens anew.
    fn tell(&self, behind_us: i64) {
        let is_far = behind_us.abs() > FAR_US;
        if is_far && !self.is_told.swap(true, Ordering::Relaxed) {
            let seconds = behind_us / 1_000_000;
            tracing::warn!(seconds, "the wall clock was set: this process follows it slowly");
        } else if !is_far && self.is_told.load(Ordering::Relaxed) {
            self.is_told.store(false, Ordering::Relaxed);
        }
    }
}

/// How far a clock that is so much behind its wall clock is moved after so long.
fn correction(behind_us: i64, passed_us: i64) -> i64 {
    if behind_us > WRONG_US {
        return behind_us;
    }
    let most_us = passed_us / FOLLOWS_ONE_IN;
    behind_us.clamp(-most_us, most_us)
}

#[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
fn wall_us() -> i64 {
    Moment::from(jiff::Timestamp::now()).0
}

/// Microseconds since the machine started, those included in which it slept.
fn since_start_us() -> i64 {
    let since = clock_gettime(ClockId::Boottime);
    since.tv_sec.saturating_mul(1_000_000).saturating_add(since.tv_nsec / 1_000)
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let since_start_us = since_start_us();
        self.look(since_start_us);
        let now = since_start_us + self.offset.load(Ordering::Relaxed);
        Moment(self.latest.fetch_max(now, Ordering::Relaxed).max(now))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    async fn sleep_ms(&self, span_ms: u64) {
        tokio::time::sleep(Duration::from_millis(span_ms)).await;
    }

    /// The timer has ticks of a millisecond: whoever waits for a whole one from the middle of a tick waits for two.
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    async fn sleep_a_tick(&self) {
        tokio::time::sleep(Duration::from_micros(1)).await;
    }
}

/// A clock that is moved by hand, for tests. Sleeping only lets others run.
#[derive(Debug)]
pub struct HandClock {
    now_us: AtomicI64,
}

impl HandClock {
    /// A clock that stands at a moment.
    pub fn at(now: Moment) -> Self {
        Self { now_us: AtomicI64::new(now.0) }
    }

    /// Moves it forward.
    pub fn advance_ms(&self, span_ms: u64) {
        let now = self.now().plus_ms(span_ms);
        self.now_us.store(now.0, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Moment {
        Moment(self.now_us.load(Ordering::SeqCst))
    }

    async fn sleep_ms(&self, _span_ms: u64) {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const SPAN_MS: u64 = 100;

    /// How far it goes in a while in which the wall clock is moved, in milliseconds.
    async fn goes_on(moved_ms: i64) -> i64 {
        let clock = SystemClock::default();
        let before = clock.now();
        clock.move_wall_ms(moved_ms);
        clock.sleep_ms(SPAN_MS).await;
        (clock.now().0 - before.0) / 1_000
    }

    #[tokio::test]
    async fn a_wall_clock_that_jumps_an_hour_is_followed_slowly_there_and_back() {
        let began = since_start_us();
        let (there, back) = (goes_on(HOUR_MS).await, goes_on(-HOUR_MS).await);
        let passed_ms = (since_start_us() - began) / 1_000;
        let span_ms = i64::try_from(SPAN_MS).unwrap();
        assert!((span_ms..=passed_ms + passed_ms / 10).contains(&there), "{there} of {passed_ms}");
        assert!((span_ms * 9 / 10..=passed_ms).contains(&back), "{back} of {passed_ms}");
    }

    #[tokio::test]
    async fn one_that_was_wrong_by_more_than_a_day_is_believed() {
        let days = goes_on(48 * HOUR_MS).await;
        assert!(days >= 48 * HOUR_MS, "{days}");
        let back = goes_on(-48 * HOUR_MS).await;
        assert!(back > 0, "it does not stand still for two days: {back}");
    }

    #[test]
    fn what_is_a_little_behind_is_right_soon() {
        assert_eq!(correction(30, 1_000), 30);
        assert_eq!(correction(-30, 1_000), -30);
        assert_eq!(correction(3_600_000_000, 1_000), 50);
        assert_eq!(correction(-3_600_000_000, 1_000), -50);
    }
}
