//! The questions of one exchange and whom to answer. The answers of an outcome stand in the order
//! of the questions, so it is enough to keep the two side by side.

use crate::Trouble;
use crate::waiting_room::batch::{
    Batch, Control, End, Extension, Gone, Join, JoinRefusal, Joined, Outcome, Position, Touch,
};
use crate::waiting_room::place::Place;
use crate::waiting_room::settings::SettingsProblem;
use tokio::sync::oneshot;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Trouble>>;

/// One question.
pub(super) enum Ask {
    Join(Join, Reply<Result<Joined, JoinRefusal>>),
    /// Nobody need be waiting for the answer.
    Touch(Touch, Option<Reply<Result<Position, Gone>>>),
    End(End, Reply<Option<Place>>),
    Extend(Extension, Reply<Option<i64>>),
    Control(Control, Reply<Result<(), SettingsProblem>>),
}

/// The questions of one exchange.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) batch: Batch,
    joins: Vec<Reply<Result<Joined, JoinRefusal>>>,
    touches: Vec<Option<Reply<Result<Position, Gone>>>>,
    ends: Vec<Reply<Option<Place>>>,
    extensions: Vec<Reply<Option<i64>>>,
    controls: Vec<Reply<Result<(), SettingsProblem>>>,
}

impl Asked {
    /// Questions for whose answers nobody waits.
    pub(super) fn nobody(batch: Batch) -> Self {
        Self { batch, ..Self::default() }
    }

    pub(super) fn add(&mut self, ask: Ask) {
        match ask {
            Ask::Join(join, reply) => {
                self.batch.joins.push(join);
                self.joins.push(reply);
            }
            Ask::Touch(touch, reply) => {
                self.batch.touches.push(touch);
                self.touches.push(reply);
            }
            Ask::End(end, reply) => {
                self.batch.ends.push(end);
                self.ends.push(reply);
            }
            Ask::Extend(extension, reply) => {
                self.batch.extensions.push(extension);
                self.extensions.push(reply);
            }
            Ask::Control(control, reply) => {
                self.batch.controls.push(control);
                self.controls.push(reply);
            }
        }
    }

    /// Everybody is told what came of it.
    pub(super) fn answer(self, outcome: Outcome) {
        tell(self.joins, outcome.joined);
        tell(self.ends, outcome.ended);
        tell(self.extensions, outcome.extended);
        tell(self.controls, outcome.controlled);
        for (reply, answer) in self.touches.into_iter().zip(outcome.touched) {
            tell(reply, [answer]);
        }
    }

    /// Everybody is told that it is not known what came of it.
    pub(super) fn refuse(self, trouble: &Trouble) {
        refuse(self.joins, trouble);
        refuse(self.ends, trouble);
        refuse(self.extensions, trouble);
        refuse(self.controls, trouble);
        refuse(self.touches.into_iter().flatten(), trouble);
    }
}

/// Whoever has gone meanwhile misses the answer and asks again.
fn tell<T>(replies: impl IntoIterator<Item = Reply<T>>, answers: impl IntoIterator<Item = T>) {
    replies.into_iter().zip(answers).for_each(|(reply, answer)| drop(reply.send(Ok(answer))));
}

fn refuse<T>(replies: impl IntoIterator<Item = Reply<T>>, trouble: &Trouble) {
    replies.into_iter().for_each(|reply| drop(reply.send(Err(trouble.clone()))));
}
