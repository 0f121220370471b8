//! The box office: what the API and the pages ask for, in one place.

use crate::Trouble;
use crate::board::{Boards, Wish};
use crate::ids::Ids;
use crate::ports::clock::Clock;
use crate::ports::delivery::{Delivery, Reply};
use crate::ports::reads::Reads;
use crate::ports::store::Sequence;
use admitone_domain::command::{Choice, Hold};
use admitone_domain::id::ShowId;
use admitone_domain::pass::Admission;
use admitone_domain::{
    Action, Actor, Command, CommandId, Fingerprint, Key, Loaded, Moment, Refusal,
};
use std::sync::Arc;

/// How often groups of seats are chosen anew when others were faster.
const CHOICES_MAX: u32 = 3;

/// What the API and the pages ask for.
#[derive(Clone)]
pub struct BoxOffice {
    /// Where commands go.
    pub delivery: Arc<dyn Delivery>,
    /// Where lists come from.
    pub reads: Arc<dyn Reads>,
    /// Seats as they are now, ready to be shown.
    pub boards: Arc<Boards>,
    /// New numbers.
    pub ids: Arc<Ids>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Who asks, under which name, and by what right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The name of the command.
    pub id: CommandId,
    /// What was asked.
    pub fingerprint: Fingerprint,
    /// Who asks.
    pub actor: Actor,
    /// By what right it comes through a room.
    pub admission: Admission,
    /// After this moment the answer is of no use.
    pub deadline: Option<Moment>,
    /// Whether the answer is waited for, where the command travels; else it is asked for later.
    pub waits: bool,
}

/// A wish for seats that the house chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BestAvailable {
    /// The show.
    pub show: ShowId,
    /// How many together.
    pub count: u32,
    /// How many of them are spaces for wheelchairs; who asks for none is given none, as long as they are kept.
    pub wheelchairs: u32,
    /// Only in this section.
    pub section: Option<String>,
}

impl BoxOffice {
    /// Has a command settled.
    pub async fn submit(&self, request: &Request, action: Action) -> Result<Reply, Trouble> {
        let fresh = self.ids.record().await?;
        let Request { id, fingerprint, actor, admission, deadline, waits } = *request;
        let command = Command { id, fingerprint, fresh, actor, admission, deadline, action };
        if waits {
            self.delivery.submit(command).await
        } else {
            self.delivery.hand_over(command).await
        }
    }

    /// Holds the best free seats together. When others are faster than the choice, it chooses
    /// again under the same name, three times at most.
    pub async fn hold_best(
        &self,
        request: &Request,
        wish: &BestAvailable,
    ) -> Result<Reply, Trouble> {
        let mut reply = self.choose_and_hold(request, wish, 0).await?;
        for choice in 1..CHOICES_MAX {
            let Reply::Answered { answer, .. } = &reply else { break };
            if answer.answer != Err(Refusal::GroupsTaken) {
                break;
            }
            reply = self.choose_and_hold(request, wish, choice).await?;
        }
        Ok(reply)
    }

    async fn choose_and_hold(
        &self,
        request: &Request,
        wish: &BestAvailable,
        choice: u32,
    ) -> Result<Reply, Trouble> {
        let board = self.boards.board(wish.show).await?;
        // Different commands look at different groups, so that they do not all fight for one.
        let spread = u64::try_from(request.id.0 >> 64).unwrap_or(0).rotate_left(choice * 16);
        let BestAvailable { count, wheelchairs, section, .. } = wish;
        let (count, wheelchairs, section) = (*count, *wheelchairs, section.as_deref());
        let looked = Wish { count, wheelchairs, section, now: self.clock.now(), spread };
        let choice = if board.has_group(looked) {
            Choice::FirstFree(board.best_groups(looked))
        } else {
            Choice::Nowhere { count: wish.count }
        };
        let hold = Hold { show: wish.show, choice };
        self.submit(request, Action::Hold(hold)).await
    }

    /// One row as it is now.
    pub async fn row(&self, key: Key) -> Result<Option<Loaded>, Trouble> {
        Ok(self.reads.rows(&[key]).await?.pop().flatten())
    }

    /// New numbers of a kind that people type.
    pub async fn draw(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.ids.several(sequence, count).await
    }
}
