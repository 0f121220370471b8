//! What tests do with a carrier by hand, whatever its broker does meanwhile: whoever asks again comes
//! to it in the end.

use admitone_app::ports::carrier::{Arrival, Carrier, Consumer, Heard, Outgoing};
use admitone_app::{Trouble, TroubleKind};
use std::time::{Duration, Instant};

/// So long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

#[expect(clippy::disallowed_methods, reason = "a broker goes by the clock of the world")]
fn now() -> Instant {
    Instant::now()
}

/// Hands jobs over until the broker has taken all of them.
///
/// # Panics
/// Panics if it does not.
pub async fn publish(carrier: &dyn Carrier, jobs: Vec<Outgoing>) {
    let (mut left, mut why, until) = (jobs, None, now() + PATIENCE);
    while !left.is_empty() {
        assert!(now() < until, "{} jobs are not taken: {why:?}", left.len());
        let results = carrier.publish(left.clone()).await;
        why = results.iter().find_map(|result| result.clone().err());
        let mut results = results.into_iter();
        left.retain(|_| results.next().is_some_and(|result| result.is_err()));
    }
}

/// Takes jobs until there are so many, whatever trouble comes between.
///
/// # Panics
/// Panics if there are not as many.
pub async fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Arrival> {
    let (mut taken, until) = (Vec::new(), now() + PATIENCE);
    while taken.len() < count {
        assert!(now() < until, "{} of {count} jobs came", taken.len());
        if let Ok(Heard::Jobs(jobs)) = consumer.next(count - taken.len()).await {
            taken.extend(jobs);
        }
    }
    taken
}

/// Which of what was handed over met trouble, and which.
pub fn kinds(results: &[Result<(), Trouble>]) -> Vec<Option<TroubleKind>> {
    results.iter().map(|result| result.as_ref().err().map(|trouble| trouble.kind)).collect()
}
