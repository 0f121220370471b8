//! Jobs that came by a lane that is not that of their command: handed over anew to the one that is, and only then
//! acknowledged here. Who dies in between has handed over one journey twice, and that has one answer.

use super::{Ends, Worker};
use crate::delivery::sender::urgency;
use crate::ports::carrier::{Arrival, Lane, Outgoing, Return, Tag};
use admitone_domain::Command;

/// The same job, in another lane.
pub(super) fn outgoing(arrival: &Arrival, command: &Command, lane: Lane) -> (Tag, Outgoing) {
    let body = arrival.body.clone();
    (arrival.tag, Outgoing { body, lane, urgency: urgency(command), delay_ms: 0 })
}

impl Worker {
    /// Hands over what is settled in other lanes. What the carrier does not keep is tried here again, after the
    /// pause that comes behind so many failures; whether there was any.
    pub(super) async fn hand_onward(
        &self,
        ends: &mut Ends,
        onward: Vec<(Tag, Outgoing)>,
        failures: u32,
    ) -> bool {
        if onward.is_empty() {
            return false;
        }
        let (tags, jobs): (Vec<Tag>, Vec<Outgoing>) = onward.into_iter().unzip();
        let mut has_failed = false;
        for (tag, kept) in tags.into_iter().zip(self.carrier.publish(jobs).await) {
            match kept {
                Ok(()) => ends.moved.push(tag),
                Err(trouble) => {
                    let queue = &self.queue;
                    tracing::debug!(%trouble, queue, "what is astray is not handed over yet");
                    let delay_ms = self.pause_ms(failures);
                    ends.back.push(Return { tag, delay_ms, is_counted: false });
                    has_failed = true;
                }
            }
        }
        let moved = ends.moved.len() as u64;
        metrics::counter!("admitone_jobs_astray_total", "queue" => self.queue.clone())
            .increment(moved);
        has_failed
    }
}
