//! Buckets of one instance, and buckets that all share as long as they can be reached.

use crate::Trouble;
use crate::ports::buckets::{Buckets, Rate, Taken};
use crate::ports::clock::Clock;
use admitone_domain::Moment;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// So many names are kept before those are forgotten that would be the same anew.
const NAMES_MIN: usize = 4_096;

/// After an attempt in vain the shared ones are left alone for so long.
const AWAY_MS: u64 = 1_000;

/// Times by name that are forgotten once they are over.
#[derive(Default)]
struct Until {
    times: HashMap<String, Moment>,
    forget_at: usize,
}

impl Until {
    fn get(&self, name: &str, now: Moment) -> Option<Moment> {
        self.times.get(name).copied().filter(|time| *time > now)
    }

    fn set(&mut self, name: &str, time: Moment, now: Moment) {
        if self.times.len() >= self.forget_at.max(NAMES_MIN) {
            self.times.retain(|_, time| *time > now);
            self.forget_at = self.times.len() * 2;
        }
        self.times.insert(name.to_owned(), time);
    }
}

/// Buckets of this process.
pub struct MemoryBuckets {
    clock: Arc<dyn Clock>,
    /// When each will be full.
    full_at: Mutex<Until>,
}

impl MemoryBuckets {
    /// Full ones.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, full_at: Mutex::default() }
    }

    fn take_now(&self, name: &str, rate: Rate) -> Taken {
        let now = self.clock.now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let missing_us = full_at.get(name, now).map_or(0, |time| micros(time, now));
        let there_us = rate.span_us().saturating_sub(missing_us);
        if there_us < rate.interval_us {
            return Taken { wait_us: Some(rate.interval_us - there_us), left: 0 };
        }
        full_at.set(name, plus_us(now, missing_us + rate.interval_us), now);
        let left = (there_us - rate.interval_us) / rate.interval_us;
        Taken { wait_us: None, left: u32::try_from(left).unwrap_or(u32::MAX) }
    }
}

fn micros(later: Moment, now: Moment) -> u64 {
    u64::try_from(later.0.saturating_sub(now.0)).unwrap_or(0)
}

fn plus_us(now: Moment, span_us: u64) -> Moment {
    Moment(now.0.saturating_add_unsigned(span_us))
}

#[async_trait]
impl Buckets for MemoryBuckets {
    async fn take(&self, name: &str, rate: Rate) -> Result<Taken, Trouble> {
        Ok(self.take_now(name, rate))
    }
}

/// Buckets that all instances share, and those of this one while they are away. Who was refused is
/// refused here until his time has come: who asks too often costs the others nothing.
pub struct SharedBuckets {
    shared: Arc<dyn Buckets>,
    own: MemoryBuckets,
    clock: Arc<dyn Clock>,
    refused_until: Mutex<Until>,
    away_until_us: AtomicI64,
}

impl SharedBuckets {
    /// These, with some of this instance behind them.
    pub fn new(shared: Arc<dyn Buckets>, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared,
            own: MemoryBuckets::new(Arc::clone(&clock)),
            clock,
            refused_until: Mutex::default(),
            away_until_us: AtomicI64::new(i64::MIN),
        }
    }

    fn own(&self, name: &str, rate: Rate) -> Taken {
        metrics::counter!("admitone_limit_fallbacks_total").increment(1);
        self.own.take_now(name, rate)
    }
}

#[async_trait]
impl Buckets for SharedBuckets {
    async fn take(&self, name: &str, rate: Rate) -> Result<Taken, Trouble> {
        let now = self.clock.now();
        if now.0 < self.away_until_us.load(Ordering::Relaxed) {
            return Ok(self.own(name, rate));
        }
        let refused_until = || self.refused_until.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(time) = refused_until().get(name, now) {
            return Ok(Taken { wait_us: Some(micros(time, now)), left: 0 });
        }
        match self.shared.take(name, rate).await {
            Ok(taken) => {
                if let Some(wait_us) = taken.wait_us {
                    refused_until().set(name, plus_us(now, wait_us), now);
                }
                Ok(taken)
            }
            Err(trouble) => {
                tracing::warn!(%trouble, "each instance limits by itself for now");
                self.away_until_us.store(now.plus_ms(AWAY_MS).0, Ordering::Relaxed);
                Ok(self.own(name, rate))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TroubleKind;
    use crate::clock::HandClock;

    const RATE: Rate = Rate { burst: 3, interval_us: 500_000 };

    fn clock() -> Arc<HandClock> {
        Arc::new(HandClock::at(Moment(1_000_000)))
    }

    async fn granted(buckets: &dyn Buckets, attempts: usize) -> usize {
        let mut count = 0;
        for _ in 0..attempts {
            count += usize::from(buckets.take("ann", RATE).await.unwrap().wait_us.is_none());
        }
        count
    }

    #[tokio::test]
    async fn so_many_at_once_and_then_one_in_each_interval() {
        let clock = clock();
        let buckets = MemoryBuckets::new(clock.clone());
        let taken = buckets.take("ann", RATE).await.unwrap();
        assert_eq!(taken, Taken { wait_us: None, left: 2 });
        assert_eq!(granted(&buckets, 10).await, 2);
        clock.advance_ms(200);
        let refused = buckets.take("ann", RATE).await.unwrap();
        assert_eq!(refused, Taken { wait_us: Some(300_000), left: 0 });
        clock.advance_ms(300);
        assert_eq!(granted(&buckets, 10).await, 1, "when it said");
        clock.advance_ms(3_600_000);
        assert_eq!(granted(&buckets, 10).await, 3, "never more than at once");
        assert_eq!(buckets.take("bob", RATE).await.unwrap().left, 2, "another's is another");
    }

    #[tokio::test]
    async fn full_buckets_are_forgotten() {
        let clock = clock();
        let buckets = MemoryBuckets::new(clock.clone());
        for number in 0..NAMES_MIN * 3 {
            buckets.take(&number.to_string(), RATE).await.unwrap();
            clock.advance_ms(1);
        }
        let kept = buckets.full_at.lock().unwrap().times.len();
        assert!(kept <= NAMES_MIN + 1, "{kept} names are kept");
    }

    #[test]
    fn nothing_a_second_is_no_limit() {
        assert_eq!(Rate::new(0, 1_000, 5), None);
        assert_eq!(Rate::new(5, 1_000, 0), None);
        assert_eq!(Rate::new(2, 1_000, 3), Some(RATE));
    }

    #[tokio::test]
    async fn two_instances_have_one_limit_where_they_share_it_and_two_where_they_do_not() {
        let clock = clock();
        let shared = Arc::new(MemoryBuckets::new(clock.clone()));
        let instance = || SharedBuckets::new(shared.clone(), clock.clone());
        let (here, there) = (instance(), instance());
        assert_eq!(granted(&here, 2).await + granted(&there, 5).await, 3);
        // The guard left out, and the harm.
        let own = || MemoryBuckets::new(clock.clone());
        assert_eq!(granted(&own(), 5).await + granted(&own(), 5).await, 6);
    }

    /// Counts who asks; may be away.
    struct Counted {
        buckets: MemoryBuckets,
        asked: AtomicI64,
        is_away: std::sync::atomic::AtomicBool,
    }

    #[async_trait]
    impl Buckets for Counted {
        async fn take(&self, name: &str, rate: Rate) -> Result<Taken, Trouble> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.is_away.load(Ordering::SeqCst) {
                return Err(Trouble::new(TroubleKind::Unavailable, "take", "away"));
            }
            self.buckets.take(name, rate).await
        }
    }

    #[tokio::test]
    async fn who_was_refused_costs_nothing_and_who_is_away_is_not_waited_for() {
        let clock = clock();
        let shared = Arc::new(Counted {
            buckets: MemoryBuckets::new(clock.clone()),
            asked: AtomicI64::new(0),
            is_away: false.into(),
        });
        let instance = SharedBuckets::new(shared.clone(), clock.clone());
        assert_eq!(granted(&instance, 100).await, 3);
        assert_eq!(shared.asked.load(Ordering::SeqCst), 4, "three were granted, one refused");
        clock.advance_ms(500);
        assert_eq!(granted(&instance, 10).await, 1);
        clock.advance_ms(500);
        shared.is_away.store(true, Ordering::SeqCst);
        let before = shared.asked.load(Ordering::SeqCst);
        assert_eq!(granted(&instance, 100).await, 3, "its own limit");
        assert_eq!(shared.asked.load(Ordering::SeqCst), before + 1);
        shared.is_away.store(false, Ordering::SeqCst);
        clock.advance_ms(10_000);
        assert_eq!(granted(&instance, 100).await, 3);
        assert!(shared.asked.load(Ordering::SeqCst) > before + 3, "shared again");
    }
}
