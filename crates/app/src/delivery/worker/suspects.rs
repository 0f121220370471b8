//! Jobs that were delivered again and again without an end. Perhaps one of them ends whoever takes it; perhaps it only
//! lay beside such a one, or in workers that were stopped before they came to it: a broker counts all of that alike.
//!
//! So it is tried by itself, and the book of queues says of it that it was begun, until it has come to any end.
//! One that was begun so and found again is the cause, and is put away. Where no book is kept, the broker's
//! count is all that is known.

use super::{Shift, Worker};
use crate::Trouble;
use crate::delivery::leaf::Leaf;
use crate::ports::carrier::{Arrival, Consumer, Dead, Return};

/// So often a suspect is begun by itself without an end before it is put away: once it may have met a worker that
/// was killed for another reason.
const BEGUN_MAX: u64 = 2;

impl Worker {
    /// What came together, in the order in which it came: suspects one by one, others as batches. Behind one that was
    /// given back all the rest is given back too: in a lane nobody overtakes it.
    pub(super) async fn settle_all(
        &self,
        consumer: &mut dyn Consumer,
        shift: &mut Shift,
        jobs: Vec<Arrival>,
    ) -> Result<(), Trouble> {
        let mut rest = parts(jobs, |job| self.is_suspect(job)).into_iter();
        for part in rest.by_ref() {
            let goes_on = match &part[..] {
                [suspect] if self.is_suspect(suspect) => {
                    self.try_alone(consumer, shift, suspect.clone()).await?
                }
                _ => self.settle(consumer, shift, part).await?,
            };
            if !goes_on {
                break;
            }
        }
        let at_once = |job: Arrival| Return { tag: job.tag, delay_ms: 0, is_counted: false };
        let back: Vec<Return> = rest.flatten().map(at_once).collect();
        if back.is_empty() { Ok(()) } else { consumer.give_back(back).await }
    }

    fn is_suspect(&self, job: &Arrival) -> bool {
        job.attempts >= self.limits.attempts_max
    }

    /// Whether what came behind it may be settled.
    async fn try_alone(
        &self,
        consumer: &mut dyn Consumer,
        shift: &mut Shift,
        job: Arrival,
    ) -> Result<bool, Trouble> {
        let (tag, attempts) = (job.tag, job.attempts);
        let name = name(&job);
        let reason = match self.leaf.begin(&self.queue, &name, &*self.settler.clock).await {
            Ok(None) => format!("delivered {attempts} times without an end"),
            Ok(Some(begun)) if begun >= BEGUN_MAX => {
                format!("delivered {attempts} times, and tried alone {begun} times, without an end")
            }
            Ok(Some(_)) => {
                let settled = self.settle(consumer, shift, vec![job]).await;
                // Whatever came of it, it did not end this worker.
                self.leaf.end(&self.queue, &name).await;
                return settled;
            }
            Err(trouble) => {
                tracing::debug!(%trouble, "a suspect waits for the book of queues");
                shift.troubles = shift.troubles.saturating_add(1);
                let delay_ms = self.pause_ms(shift.troubles);
                consumer.give_back(vec![Return { tag, delay_ms, is_counted: false }]).await?;
                return Ok(false);
            }
        };
        self.put_away(consumer, vec![Dead { tag, reason }]).await.map(|()| true)
    }
}

/// The same job has the same name wherever it is delivered.
fn name(job: &Arrival) -> String {
    blake3::hash(&job.body).to_hex()[..32].to_owned()
}

/// Parts in order, of which each suspect is one by itself.
fn parts(jobs: Vec<Arrival>, is_suspect: impl Fn(&Arrival) -> bool) -> Vec<Vec<Arrival>> {
    let mut parts: Vec<Vec<Arrival>> = Vec::new();
    let mut is_open = false;
    for job in jobs {
        let is_alone = is_suspect(&job);
        match parts.last_mut().filter(|_| is_open && !is_alone) {
            Some(part) => part.push(job),
            None => parts.push(vec![job]),
        }
        is_open = !is_alone;
    }
    parts
}

impl Leaf {
    /// Notes that a suspect is begun; how often it was before, where a book is kept.
    async fn begin(
        &self,
        queue: &str,
        job: &str,
        clock: &dyn crate::ports::clock::Clock,
    ) -> Result<Option<u64>, Trouble> {
        match self.book() {
            Some(book) => book.begin(queue, job, clock.now()).await.map(Some),
            None => Ok(None),
        }
    }

    /// It did not end whoever tried it.
    async fn end(&self, queue: &str, job: &str) {
        let Some(book) = self.book() else { return };
        if let Err(trouble) = book.end(queue, job).await {
            tracing::debug!(%trouble, queue, "a job stays in the book as if it had no end");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::carrier::Tag;

    #[test]
    fn a_suspect_is_a_part_by_itself_and_all_stay_in_their_order() {
        let job = |number: u8| {
            let attempts = if number.is_multiple_of(2) { 6 } else { 0 };
            Arrival { tag: Tag(number.into()), body: vec![number], lane: None, attempts }
        };
        let of = |numbers: &[u8]| {
            let parts =
                parts(numbers.iter().map(|number| job(*number)).collect(), |job| job.attempts > 5);
            parts.iter().map(|part| part.iter().map(|job| job.body[0]).collect()).collect()
        };
        let parts: Vec<Vec<u8>> = of(&[1, 3, 2, 4, 5, 7]);
        assert_eq!(parts, [vec![1, 3], vec![2], vec![4], vec![5, 7]]);
        assert_eq!(of(&[1, 3]), [[1, 3]]);
        assert_eq!(of(&[]), Vec::<Vec<u8>>::new());
        assert_eq!((name(&job(1)).len(), name(&job(1)) == name(&job(3))), (32, false));
    }
}
