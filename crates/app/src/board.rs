//! Boards: what is free of a show right now, kept in memory beside what is committed, ready to be
//! shown to a crowd. Never the truth: a hold is decided on rows.

mod choose;
mod copies;
mod rendering;

pub use choose::Wish;
pub use copies::{Copies, TOPIC as COPIES};
pub use rendering::Rendered;

use crate::Trouble;
use crate::ports::reads::Reads;
use crate::ports::tap::Tap;
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::show::{SeatBlock, SeatPlan};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Money, Row, Verdict};
use arc_swap::ArcSwapOption;
use rendering::Turn;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::watch;

/// How many changes a board remembers for those who ask what is new.
const CHANGES_MAX: usize = 16_384;

/// So many seats are looked at under one taking of the lock.
const LOOK_MAX: usize = 1_024;

/// The boards of all shows that were asked for.
pub struct Boards {
    reads: Arc<dyn Reads>,
    /// Where other instances left what they read, if they do.
    copies: Option<Copies>,
    /// Tells this process's versions from those of another or an earlier one.
    epoch: u64,
    known: RwLock<HashMap<ShowId, Arc<Board>>>,
    loading: tokio::sync::Mutex<()>,
}

impl Boards {
    /// No boards yet; `epoch` must differ from that of every other process.
    pub fn new(reads: Arc<dyn Reads>, epoch: u64) -> Self {
        let (known, loading) = (RwLock::default(), tokio::sync::Mutex::default());
        Self { reads, copies: None, epoch, known, loading }
    }

    /// The same, opened from copies that instances share where there are some. Whoever commits must
    /// be followed from before this: a copy is brought up to date once.
    #[must_use]
    pub fn with_copies(self, copies: Copies) -> Self {
        Self { copies: Some(copies), ..self }
    }

    /// The board of a show. One that does not exist has an empty board, which is not kept.
    pub async fn board(&self, show: ShowId) -> Result<Arc<Board>, Trouble> {
        if let Some(board) = self.known(show).filter(|board| board.is_loaded()) {
            return Ok(board);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(board) = self.known(show).filter(|board| board.is_loaded()) {
            return Ok(board);
        }
        let known = self.known(show);
        let is_new = known.is_none();
        let board = known.unwrap_or_else(|| Arc::new(Board::new(show, self.epoch)));
        // Listed before anything is read: what commits meanwhile arrives twice, and versions sort
        // it out.
        self.write().insert(show, Arc::clone(&board));
        let filled = self.fill(&board).await;
        if is_new && !matches!(filled, Ok(true)) {
            self.write().remove(&show);
        }
        filled.map(|_| board)
    }

    /// Reads all of a show; whether there is one.
    async fn fill(&self, board: &Board) -> Result<bool, Trouble> {
        let show = board.show;
        let rows = match &self.copies {
            Some(copies) => copies.rows(&*self.reads, show).await?,
            None => copies::rows_of(&*self.reads, show).await?,
        };
        if rows.is_empty() {
            return Ok(false);
        }
        let mut plan_version = 0;
        for loaded in &rows {
            board.apply(&loaded.row, loaded.version);
            if matches!(&*loaded.row, Row::Plan(..)) {
                plan_version = loaded.version.max(plan_version);
            }
        }
        let mut state = board.lock();
        // Seats of this plan that are not known now do not exist; those of a newer one may.
        state.loaded = state.plan.0 == plan_version || state.is_complete;
        Ok(true)
    }

    fn known(&self, show: ShowId) -> Option<Arc<Board>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&show).cloned()
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<ShowId, Arc<Board>>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tap for Boards {
    fn committed(&self, verdict: &Arc<Verdict>) {
        let mut latest: Option<Arc<Board>> = None;
        for change in &verdict.changes {
            let Some(show) = show_of(&change.row) else { continue };
            if latest.as_ref().is_none_or(|board| board.show != show) {
                latest = self.known(show);
            }
            if let Some(board) = &latest {
                board.apply(&change.row, change.seen + 1);
            }
        }
    }
}

fn show_of(row: &Row) -> Option<ShowId> {
    match row {
        Row::Seat(seat) => Some(seat.show),
        Row::TicketType(ticket_type) => Some(ticket_type.show),
        Row::Plan(show, _) => Some(*show),
        Row::Concert(_)
        | Row::Show(_)
        | Row::Room { .. }
        | Row::Operator(_)
        | Row::Buyer(_)
        | Row::Reservation(_)
        | Row::Payment(_)
        | Row::Pass(_)
        | Row::Quota { .. }
        | Row::Wallet(_) => None,
    }
}

/// What is free of one show.
pub struct Board {
    show: ShowId,
    epoch: u64,
    state: Mutex<State>,
    rendered: ArcSwapOption<Rendered>,
    /// Who renders has it.
    turn: tokio::sync::Mutex<Turn>,
    news: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    loaded: bool,
    /// Whether all seats of the plan were known when it came.
    is_complete: bool,
    version: u64,
    plan: (u64, Arc<SeatPlan>),
    seats: BTreeMap<SeatId, (u64, Seat)>,
    ticket_types: BTreeMap<TicketTypeId, (u64, TicketType)>,
    /// Which seat changed at which version, the oldest first.
    changes: VecDeque<(u64, SeatId)>,
    /// The version before the oldest change that is remembered.
    forgotten: u64,
}

/// A seat as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatView {
    /// Which.
    pub id: SeatId,
    /// What it costs.
    pub price: Money,
    /// Whether it can be had.
    pub mark: SeatMark,
}

/// Whether a seat can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatMark {
    /// Yes.
    Free,
    /// Not now; it may come back.
    Held,
    /// No.
    Sold,
    /// It is not for sale.
    Blocked,
}

/// A board at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which life of the house the version belongs to.
    pub epoch: u64,
    /// Grows with every change.
    pub version: u64,
    /// Their names.
    pub plan: Arc<SeatPlan>,
    /// All seats by id, or those that changed.
    pub seats: Vec<SeatView>,
    /// Ticket types by id.
    pub ticket_types: Vec<TicketType>,
}

impl Board {
    fn new(show: ShowId, epoch: u64) -> Self {
        let (news, _) = watch::channel(0);
        let (state, rendered, turn) = Default::default();
        Self { show, epoch, state, rendered, turn, news }
    }

    /// All of it.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.lock();
        let seats = state.seats.values().map(|(_, seat)| view(seat)).collect();
        self.snapshot_of(&state, seats)
    }

    /// What changed since a version; `None` when that is not known any more, or the version is of
    /// another life: then the whole is needed.
    pub fn since(&self, epoch: u64, version: u64) -> Option<Snapshot> {
        let state = self.lock();
        if epoch != self.epoch || version < state.forgotten || version > state.version {
            return None;
        }
        let newer = state.changes.iter().rev().take_while(|(at, _)| *at > version);
        let mut ids: Vec<SeatId> = newer.map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = ids.iter().filter_map(|id| state.seats.get(id));
        let seats = found.map(|(_, seat)| view(seat)).collect();
        Some(self.snapshot_of(&state, seats))
    }

    /// Wakes whenever the version grows.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Groups of free seats for so many together, the best first, at most three.
    pub fn best_groups(&self, wish: Wish<'_>) -> Vec<Vec<SeatId>> {
        choose::groups(&self.plan(), |block| self.free_seats(block), wish)
    }

    /// Whether a row has such seats together, whoever has them now.
    pub fn has_group(&self, wish: Wish<'_>) -> bool {
        choose::has_group(&self.plan(), wish)
    }

    /// The names of its seats.
    pub fn plan(&self) -> Arc<SeatPlan> {
        Arc::clone(&self.lock().plan.1)
    }

    /// Which seats of a block are free. A little at a time: every commit waits for the lock.
    fn free_seats(&self, block: &SeatBlock) -> Vec<bool> {
        let seats: Vec<SeatId> = block.seats().collect();
        let mut free = vec![false; seats.len()];
        for (seats, free) in seats.chunks(LOOK_MAX).zip(free.chunks_mut(LOOK_MAX)) {
            let (Some(first), Some(last)) = (seats.first(), seats.last()) else { continue };
            for (id, (_, seat)) in self.lock().seats.range(*first..=*last) {
                let place = usize::try_from(id.0 - first.0).unwrap_or(usize::MAX);
                if let Some(free) = free.get_mut(place) {
                    *free = matches!(seat.state, SeatState::Free);
                }
            }
        }
        free
    }

    fn snapshot_of(&self, state: &State, seats: Vec<SeatView>) -> Snapshot {
        let ticket_types = state.ticket_types.values().map(|(_, known)| known.clone()).collect();
        let plan = Arc::clone(&state.plan.1);
        Snapshot { epoch: self.epoch, version: state.version, plan, seats, ticket_types }
    }

    fn is_loaded(&self) -> bool {
        self.lock().loaded
    }

    /// Takes a row over, unless a newer one is known.
    fn apply(&self, row: &Row, version: u64) {
        let mut state = self.lock();
        let changed = match row {
            Row::Seat(seat) => state.take_seat(seat, version),
            Row::TicketType(known) => {
                let is_new = state.ticket_types.get(&known.id).is_none_or(|(v, _)| *v < version);
                if is_new {
                    state.ticket_types.insert(known.id, (version, known.clone()));
                }
                is_new
            }
            Row::Plan(_, plan) if state.plan.0 < version => {
                // Its seats came before it, unless somebody else wrote them: then all is read anew.
                state.is_complete = state.knows_seats_of(plan);
                state.loaded &= state.is_complete;
                let known = &state.plan.1;
                if known.attributes != plan.attributes || known.kept_until != plan.kept_until {
                    // What is said of seats comes with the whole alone: whoever follows changes asks for it.
                    state.forgotten = state.version + 1;
                }
                state.plan = (version, Arc::new(plan.clone()));
                true
            }
            _ => false,
        };
        if changed {
            state.version += 1;
            self.news.send_replace(state.version);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether every seat that this plan has beyond the known one is known.
    fn knows_seats_of(&self, plan: &SeatPlan) -> bool {
        let known = &self.plan.1.blocks;
        let is_new = |(at, block): &(usize, &SeatBlock)| known.get(*at) != Some(*block);
        let mut added = plan.blocks.iter().enumerate().filter(is_new);
        added.all(|(_, block)| block.seats().all(|id| self.seats.contains_key(&id)))
    }

    fn take_seat(&mut self, seat: &Seat, version: u64) -> bool {
        if self.seats.get(&seat.id).is_some_and(|(known, _)| *known >= version) {
            return false;
        }
        self.seats.insert(seat.id, (version, *seat));
        self.changes.push_back((self.version + 1, seat.id));
        if self.changes.len() > CHANGES_MAX {
            self.forgotten = self.changes.pop_front().map_or(0, |(version, _)| version);
        }
        true
    }
}

fn view(seat: &Seat) -> SeatView {
    let mark = match seat.state {
        SeatState::Free => SeatMark::Free,
        SeatState::Held { .. } => SeatMark::Held,
        SeatState::Sold { .. } => SeatMark::Sold,
        SeatState::Blocked => SeatMark::Blocked,
    };
    SeatView { id: seat.id, price: seat.price, mark }
}
