//! The workbench: what a batch has changed so far, and what the command in hand wants to change.

use crate::id::{BuyerId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId};
use crate::party::Buyer;
use crate::pass::{Pass, PassKey};
use crate::payment::Payment;
use crate::reservation::Reservation;
use crate::seat::Seat;
use crate::show::{SeatPlan, Show};
use crate::ticket_type::TicketType;
use crate::wallet::{Entry, Wallet};
use crate::{
    Change, Delta, Event, Guard, Happening, Key, KeyMap, Loaded, Moment, Row, Rows, StoredAnswer,
    Verdict,
};
use std::sync::Arc;

/// What a batch has changed so far, over the rows it was loaded with.
pub(crate) struct Workbench<'a> {
    rows: &'a Rows,
    /// Where in `changes` a row stands.
    places: KeyMap<usize>,
    changes: Vec<Change>,
    entries: Vec<Entry>,
    events: Vec<Event>,
    /// What the command in hand wants to change; its refusal throws this away.
    staged: Vec<Change>,
    /// Where in `staged` the latest change of a row stands.
    staged_places: KeyMap<usize>,
    staged_entries: Vec<Entry>,
    staged_events: Vec<Event>,
}

impl<'a> Workbench<'a> {
    pub(crate) fn new(rows: &'a Rows) -> Self {
        Self {
            rows,
            places: KeyMap::default(),
            changes: Vec::new(),
            entries: Vec::new(),
            events: Vec::new(),
            staged: Vec::new(),
            staged_places: KeyMap::default(),
            staged_entries: Vec::new(),
            staged_events: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.rows.now
    }

    /// A row as the command in hand sees it.
    pub(crate) fn row(&self, key: Key) -> Option<&Row> {
        assert!(self.rows.has(key), "a rule read {key:?}, which its command did not name");
        let staged = self.staged_places.get(&key).map(|place| &self.staged[*place]);
        staged
            .or_else(|| self.places.get(&key).map(|place| &self.changes[*place]))
            .map(|change| &*change.row)
            .or_else(|| self.rows.peek(key).map(|loaded| &*loaded.row))
    }

    pub(crate) fn show(&self, id: ShowId) -> Option<&Show> {
        match self.row(Key::Show(id))? {
            Row::Show(show) => Some(show),
            _ => None,
        }
    }

    pub(crate) fn plan(&self, show: ShowId) -> SeatPlan {
        match self.row(Key::Plan(show)) {
            Some(Row::Plan(_, plan)) => plan.clone(),
            _ => SeatPlan::default(),
        }
    }

    pub(crate) fn seat(&self, id: SeatId) -> Option<Seat> {
        match self.row(Key::Seat(id))? {
            Row::Seat(seat) => Some(*seat),
            _ => None,
        }
    }

    pub(crate) fn ticket_type(&self, id: TicketTypeId) -> Option<&TicketType> {
        match self.row(Key::TicketType(id))? {
            Row::TicketType(ticket_type) => Some(ticket_type),
            _ => None,
        }
    }

    pub(crate) fn reservation(&self, id: ReservationId) -> Option<&Reservation> {
        match self.row(Key::Reservation(id))? {
            Row::Reservation(reservation) => Some(reservation),
            _ => None,
        }
    }

    pub(crate) fn payment(&self, id: PaymentId) -> Option<&Payment> {
        match self.row(Key::Payment(id))? {
            Row::Payment(payment) => Some(payment),
            _ => None,
        }
    }

    pub(crate) fn wallet(&self, buyer: BuyerId) -> Option<Wallet> {
        match self.row(Key::Wallet(buyer))? {
            Row::Wallet(wallet) => Some(*wallet),
            _ => None,
        }
    }

    /// A buyer's account with the house, where it was named: whoever gives back what was sold in this
    /// batch could not name it beforehand, and nobody closed it before there was a ticket.
    pub(crate) fn account(&self, id: BuyerId) -> Option<&Buyer> {
        let key = Some(Key::Buyer(id)).filter(|key| self.rows.has(*key))?;
        match self.row(key)? {
            Row::Buyer(buyer) => Some(buyer),
            _ => None,
        }
    }

    pub(crate) fn pass(&self, key: PassKey) -> Option<Pass> {
        match self.row(Key::Pass(key))? {
            Row::Pass(pass) => Some(*pass),
            _ => None,
        }
    }

    /// The use of a ticket. One that was sold in this batch no command could name beforehand, and
    /// nobody used it before there was a ticket.
    pub(crate) fn use_of_ticket(&self, key: PassKey) -> Option<Pass> {
        if self.rows.has(Key::Pass(key)) { self.pass(key) } else { None }
    }

    pub(crate) fn quota(&self, show: ShowId, buyer: BuyerId) -> u32 {
        match self.row(Key::Quota(show, buyer)) {
            Some(Row::Quota { taken, .. }) => *taken,
            _ => 0,
        }
    }

    /// The version a row has now, with what the batch before this command did; 0 for none.
    pub(crate) fn version(&self, key: Key) -> u64 {
        let loaded = self.rows.peek(key).map_or(0, |loaded: &Loaded| loaded.version);
        loaded + u64::from(self.places.contains_key(&key))
    }

    /// The version a row has after this batch.
    pub(crate) fn version_after(&self, key: Key) -> u64 {
        self.rows.peek(key).map_or(0, |loaded| loaded.version) + 1
    }

    /// Writes a row as a whole.
    pub(crate) fn write(&mut self, row: Row) {
        self.stage(row, Guard::Unchanged, Delta::Whole);
    }

    /// Writes a row in a way that a store can check by itself.
    pub(crate) fn stage(&mut self, row: Row, guard: Guard, delta: Delta) {
        let seen = self.rows.peek(row.key()).map_or(0, |loaded| loaded.version);
        self.staged_places.insert(row.key(), self.staged.len());
        self.staged.push(Change { seen, guard, delta, row: Arc::new(row) });
    }

    pub(crate) fn enter(&mut self, entry: Entry) {
        self.staged_entries.push(entry);
    }

    pub(crate) fn tell(&mut self, aggregate: Key, what: Happening) {
        let version = self.version_after(aggregate);
        self.staged_events.push(Event { aggregate, version, at: self.now(), what });
    }

    /// The command in hand is accepted: what it wanted is part of the batch.
    pub(crate) fn keep(&mut self) {
        self.staged_places.clear();
        for change in std::mem::take(&mut self.staged) {
            if let Some(place) = self.places.get(&change.key()) {
                merge(&mut self.changes[*place], change);
            } else {
                self.places.insert(change.key(), self.changes.len());
                self.changes.push(change);
            }
        }
        self.entries.append(&mut self.staged_entries);
        self.events.append(&mut self.staged_events);
    }

    /// The command in hand is refused: nothing of it remains.
    pub(crate) fn discard(&mut self) {
        self.staged.clear();
        self.staged_places.clear();
        self.staged_entries.clear();
        self.staged_events.clear();
    }

    pub(crate) fn into_verdict(self, answers: Vec<Arc<StoredAnswer>>) -> Verdict {
        Verdict { answers, changes: self.changes, entries: self.entries, events: self.events }
    }
}

/// Puts a later change of a row on top of an earlier one. The guard speaks of the row as it was
/// loaded, so the earlier one stays; sums add up, and the largest sum on the way is kept, because
/// a store that applies only the sum must still refuse what no order of the commands allows.
fn merge(earlier: &mut Change, later: Change) {
    match (&mut earlier.delta, later.delta) {
        (Delta::Stock { held, sold }, Delta::Stock { held: more_held, sold: more_sold }) => {
            *held += more_held;
            *sold += more_sold;
            raise(&mut earlier.guard, *held + *sold);
        }
        (Delta::Balance(sum), Delta::Balance(more)) => *sum += more,
        (Delta::Quota(sum), Delta::Quota(more)) => {
            *sum += more;
            raise(&mut earlier.guard, *sum);
        }
        (Delta::Whole, _) => {}
        (_, Delta::Whole) | (Delta::Stock { .. } | Delta::Balance(_) | Delta::Quota(_), _) => {
            earlier.delta = Delta::Whole;
            earlier.guard = Guard::Unchanged;
        }
    }
    earlier.row = later.row;
}

fn raise(guard: &mut Guard, sum: i64) {
    if let Guard::HasRoom { highest } | Guard::Within { highest, .. } = guard {
        *highest = (*highest).max(sum);
    }
}
