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
    /// Hands over what is settled in other lanes; what the carrier does not keep is tried here again.
    pub(super) async fn hand_onward(&self, ends: &mut Ends) {
        let (tags, jobs): (Vec<Tag>, Vec<Outgoing>) =
            std::mem::take(&mut ends.onward).into_iter().unzip();
        if jobs.is_empty() {
            return;
        }
        let counter =
            metrics::counter!("admitone_jobs_astray_total", "queue" => self.queue.clone());
        counter.increment(jobs.len() as u64);
        for (tag, kept) in tags.into_iter().zip(self.carrier.publish(jobs).await) {
            match kept {
                Ok(()) => ends.done.push(tag),
                Err(trouble) => {
                    tracing::debug!(%trouble, queue = self.queue, "a job that is astray is not handed over yet");
                    let delay_ms = self.pause_ms(1);
                    ends.back.push(Return { tag, delay_ms, is_counted: false });
                }
            }
        }
    }
}
