//! The store: where rows, answers and events are decided upon and kept.

use crate::Trouble;
use admitone_domain::id::ShowId;
use admitone_domain::{CommandId, Key, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

/// How a store protects a batch against others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Not at all: it reads in one transaction and writes blindly in another.
    Plain,
    /// The load locks the rows.
    Pessimistic,
    /// The save demands the versions that were loaded.
    Optimistic,
    /// The save demands each change's guard and applies its delta.
    Conditional,
    /// The store's own serializable isolation.
    Serializable,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Plain, Self::Pessimistic, Self::Optimistic, Self::Conditional, Self::Serializable];

    /// Its name in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Pessimistic => "pessimistic",
            Self::Optimistic => "optimistic",
            Self::Conditional => "conditional",
            Self::Serializable => "serializable",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Keeps rows, answers and events.
///
/// # Behavior
/// - `saved_rows_are_loaded_again`: what was committed is what the next load finds, with its
///   version grown by one.
/// - `a_dropped_transaction_leaves_no_trace`: without commit nothing of it is ever seen.
/// - `an_answer_is_kept_and_found_by_its_command`: together with the changes it belongs to.
/// - `a_second_answer_for_a_command_is_a_conflict`: nothing of the second batch is saved.
/// - `changes_that_raced_are_a_conflict`: in every mode but plain, of two batches that read the
///   same row and both change it, at most one is saved before the other is decided anew.
/// - `modes_protect_against_each_other`: each mode but plain against each of the others, except
///   that serializable protects only among its own.
/// - `plain_loses_an_update`: in plain mode both are saved, and one update is gone.
/// - `a_payment_is_taken_or_given_up_and_never_both`: in every mode but plain, whichever is first.
/// - `plain_takes_what_was_given_up`: in plain mode both are saved; who asks again puts it back.
/// - `an_account_is_closed_or_gets_its_money_back_and_never_both`: in every mode but plain, whichever is
///   first: one that was closed is open again.
/// - `plain_closes_an_account_that_gets_its_money_back`: in plain mode nobody can get at it.
/// - `an_account_is_closed_or_charged_for_the_first_time_and_never_both`: in every mode but plain, also
///   where there is no wallet yet that both could write.
/// - `an_account_that_was_never_charged_is_closed_for_whoever_charges_it`: the other way round.
/// - `an_account_is_closed_or_charged_again_and_never_both`: the same of a wallet that is empty.
/// - `plain_charges_an_account_that_is_closed`: in plain mode nobody can get at it.
/// - `plain_undoes_a_charge_when_it_closes_an_account`: in plain mode it is written over.
/// - `stock_is_never_oversold_by_racing_buyers`: in every mode but plain.
/// - `plain_oversells`: in plain mode racing buyers get more than there is.
/// - `a_seat_is_held_or_moved_to_and_never_both`: in every mode but plain.
/// - `plain_moves_a_ticket_to_a_seat_that_is_held`: in plain mode two have one seat.
/// - `a_ticket_is_used_or_moved_and_never_both`: in every mode but plain.
/// - `a_ticket_that_is_moved_and_given_back_leaves_no_seat_taken`: the same, and its price is back once.
/// - `plain_moves_a_ticket_that_was_given_back`: in plain mode it is a ticket, and its price is back.
/// - `money_is_taken_out_or_spent_and_never_both`: in every mode but plain.
/// - `plain_takes_out_what_was_spent`: in plain mode more goes out than there was.
/// - `what_was_taken_out_is_listed_as_that`: an entry is read with the kind with which it was written.
/// - `two_owners_who_refuse_each_other_leave_one`: in every mode but plain.
/// - `plain_forgets_that_an_owner_was_refused`: in plain mode both are told that it was done, and one
///   key opens again.
/// - `a_stale_fence_is_refused`: the save demands that its token is still the newest.
/// - `without_the_fence_the_stale_holder_does_harm`: the same race, no token, and it is saved.
/// - `due_holds_are_found_by_show`: at their time and not before.
/// - `a_refusal_in_a_batch_does_not_disturb_the_rest`: the others are saved.
#[async_trait]
pub trait Store: Send + Sync {
    /// The modes it offers.
    fn modes(&self) -> &'static [Mode];

    /// Begins a transaction; dropped without commit, it rolls back.
    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble>;

    /// Draws the next token for a name; it makes all earlier ones of that name stale.
    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble>;

    /// Reserves `count` numbers of a sequence and returns the first; never the same twice.
    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble>;

    /// Whether it takes batches, as far as it knows by itself. A store that only learns it by
    /// being asked says yes here: readiness reads from it as well.
    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// One transaction of a store.
#[async_trait]
pub trait Transaction: Send {
    /// Loads rows into `rows`, with the store's time and the holds that are due, and returns the
    /// answers that are kept of the commands. May be called again for more.
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble>;

    /// Saves what a batch comes to.
    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble>;

    /// Makes it durable. Only then may anybody be answered.
    async fn commit(self: Box<Self>) -> Result<(), Trouble>;

    /// Saves and commits, for whoever has nothing to look at between the two: a store may do both
    /// in one round trip.
    async fn finish(mut self: Box<Self>, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.save(verdict).await?;
        self.commit().await
    }
}

/// What a load asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Rows, sorted, each once.
    pub keys: Vec<Key>,
    /// Commands whose answers may be kept already.
    pub commands: Vec<CommandId>,
    /// Shows whose due holds must be known.
    pub due_of: Vec<ShowId>,
}

/// Tokens of a batch: the store refuses to save when one of them is not the newest of its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fences(pub Vec<Fence>);

/// A token drawn from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Of what.
    pub name: String,
    /// Grows with every draw.
    pub token: u64,
}

/// A sequence of numbers. The kinds that people type have one each and start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sequence {
    /// Concerts.
    Concert,
    /// Shows.
    Show,
    /// Seats.
    Seat,
    /// Ticket types.
    TicketType,
    /// Waiting rooms.
    Room,
    /// Operators.
    Operator,
    /// Reservations, payments and entries together.
    Record,
}

impl Sequence {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Concert,
        Self::Show,
        Self::Seat,
        Self::TicketType,
        Self::Room,
        Self::Operator,
        Self::Record,
    ];

    /// Its name in a store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Concert => "concert",
            Self::Show => "show",
            Self::Seat => "seat",
            Self::TicketType => "ticket_type",
            Self::Room => "room",
            Self::Operator => "operator",
            Self::Record => "record",
        }
    }
}
