//! A small house in memory: loads what commands name, decides, applies. Time is moved by hand.

use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveConcert, SaveRoom, SaveShow, SaveTicketType,
};
use admitone_domain::command::{Charge, Choice, Expire, Hold, Pay};
use admitone_domain::concert::Concert;
use admitone_domain::id::{
    BuyerId, ConcertId, ReservationId, RoomId, SeatId, ShowId, TicketTypeId,
};
use admitone_domain::pass::Admission;
use admitone_domain::reservation::Reservation;
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::wallet::Entry;
use admitone_domain::{
    Action, Actor, Answer, Command, CommandId, Currency, Fingerprint, Key, KeyMap, Loaded, Moment,
    Money, Outcome, Refusal, Row, Rows, Verdict, decide,
};

pub(crate) const SHOW: ShowId = ShowId(1);
pub(crate) const GATED: ShowId = ShowId(2);
pub(crate) const ROOM: RoomId = RoomId(1);
pub(crate) const STANDING: TicketTypeId = TicketTypeId(1);
pub(crate) const ANN: BuyerId = BuyerId(1);
pub(crate) const BOB: BuyerId = BuyerId(2);
pub(crate) const HOLD_MS: u64 = 300_000;
pub(crate) const OPENS: Moment = Moment(1_000_000_000_000);

/// Show 1 has seats 1 to 10 at 1,000 and five standing tickets at 500; show 2 has seats 11 to 20
/// behind a room. Both sell now.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) rows: KeyMap<Loaded>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) now: Moment,
    next: u64,
}

impl House {
    pub(crate) fn new() -> Self {
        let mut house =
            Self { rows: KeyMap::default(), entries: Vec::new(), now: Moment(1_000), next: 1 };
        let concert = Concert {
            id: ConcertId(1),
            title: "Winter Lights".into(),
            category: "ballad".into(),
            venue: String::new(),
            currency: Currency::KRW,
            first_at: Moment::MAX,
            last_at: Moment::MIN,
        };
        house.operate(Operate::SaveConcert(SaveConcert { concert, expected: Some(0) })).unwrap();
        let room =
            SaveRoom { id: ROOM, name: "Door".into(), settings: "{}".into(), expected: None };
        house.operate(Operate::SaveRoom(room)).unwrap();
        for (id, room, first_seat) in [(SHOW, None, 1), (GATED, Some(ROOM), 11)] {
            let save = SaveShow { show: show(id, room), expected: Some(0) };
            house.operate(Operate::SaveShow(save)).unwrap();
            house.operate(Operate::AddSeats(seats(id, first_seat, 10, "A"))).unwrap();
        }
        house.operate(Operate::SaveTicketType(standing(5))).unwrap();
        house
    }

    pub(crate) fn command(&mut self, actor: Actor, action: Action) -> Command {
        self.next += 1;
        Command {
            id: CommandId(u128::from(self.next)),
            fingerprint: Fingerprint(0),
            fresh: self.next,
            actor,
            admission: Admission::None,
            deadline: None,
            action,
        }
    }

    /// Decides commands as one batch and applies what they come to.
    pub(crate) fn settle(&mut self, commands: &[Command]) -> Vec<Answer> {
        let verdict = self.verdict(commands);
        self.apply(&verdict);
        verdict.answers.into_iter().map(|stored| stored.answer.clone()).collect()
    }

    /// Decides commands as one batch and applies nothing.
    pub(crate) fn verdict(&self, commands: &[Command]) -> Verdict {
        let mut rows = Rows::default();
        rows.now = self.now;
        loop {
            let mut want = Vec::new();
            for command in commands {
                command.keys(&rows, &mut want);
            }
            want.retain(|key| !rows.has(*key));
            if want.is_empty() {
                return decide(&rows, commands);
            }
            for key in want {
                rows.insert(key, self.rows.get(&key).cloned());
            }
        }
    }

    /// Writes a verdict over what is there, whatever that is.
    pub(crate) fn apply(&mut self, verdict: &Verdict) {
        for change in &verdict.changes {
            let loaded = Loaded { version: change.seen + 1, row: change.row.clone() };
            self.rows.insert(change.key(), loaded);
        }
        self.entries.extend(&verdict.entries);
    }

    pub(crate) fn act(&mut self, actor: Actor, action: Action) -> Answer {
        let command = self.command(actor, action);
        self.settle(&[command]).remove(0)
    }

    pub(crate) fn operate(&mut self, operate: Operate) -> Answer {
        self.act(Actor::House, Action::Operate(operate))
    }

    pub(crate) fn hold(&mut self, buyer: BuyerId, seats: &[u64]) -> Result<Reservation, Refusal> {
        reservation(self.act(Actor::Buyer(buyer), hold(SHOW, seats)))
    }

    pub(crate) fn hold_standing(
        &mut self,
        buyer: BuyerId,
        count: u32,
    ) -> Result<Reservation, Refusal> {
        reservation(self.act(Actor::Buyer(buyer), tickets(&[(STANDING, count)])))
    }

    pub(crate) fn pay(&mut self, buyer: BuyerId, reservation: ReservationId) -> Answer {
        self.act(Actor::Buyer(buyer), pay(reservation))
    }

    pub(crate) fn charge(&mut self, buyer: BuyerId, amount: i64) -> Answer {
        self.act(Actor::Buyer(buyer), charge(amount))
    }

    pub(crate) fn expire(&mut self, reservation: ReservationId) -> Answer {
        self.act(Actor::House, Action::Expire(Expire { reservation }))
    }

    pub(crate) fn advance_ms(&mut self, span_ms: u64) {
        self.now = self.now.plus_ms(span_ms);
    }

    pub(crate) fn row(&self, key: Key) -> &Row {
        &self.rows[&key].row
    }

    pub(crate) fn reservation(&self, id: ReservationId) -> &Reservation {
        match self.row(Key::Reservation(id)) {
            Row::Reservation(reservation) => reservation,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn balance(&self, buyer: BuyerId) -> i64 {
        match self.rows.get(&Key::Wallet(buyer)).map(|loaded| &*loaded.row) {
            Some(Row::Wallet(wallet)) => wallet.balance.0,
            _ => 0,
        }
    }

    /// Held and sold of the standing tickets.
    pub(crate) fn stock(&self) -> (u32, u32) {
        match self.row(Key::TicketType(STANDING)) {
            Row::TicketType(stock) => (stock.held, stock.sold),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn show(id: ShowId, room: Option<RoomId>) -> Show {
    Show {
        id,
        concert: ConcertId(1),
        room,
        opens_at: OPENS,
        closes_at: OPENS.plus_ms(1),
        booking_opens_at: Moment(0),
        booking_closes_at: OPENS,
        time_zone: "UTC".into(),
        currency: Currency::KRW,
        limits: Limits { per_reservation_max: 4, hold_ms: HOLD_MS, ..Limits::default() },
    }
}

pub(crate) fn seats(show: ShowId, first_seat: u64, count: u32, row: &str) -> AddSeats {
    let block = SeatBlock {
        section: "A".into(),
        row: row.into(),
        first_number: 1,
        count,
        first_seat: SeatId(first_seat),
    };
    AddSeats { show, blocks: vec![BlockOfSeats { block, price: Money(1_000) }] }
}

pub(crate) fn standing(capacity: u32) -> SaveTicketType {
    SaveTicketType {
        id: STANDING,
        show: SHOW,
        name: "Standing".into(),
        price: Money(500),
        capacity,
        expected: None,
    }
}

pub(crate) fn hold(show: ShowId, seats: &[u64]) -> Action {
    let seats = seats.iter().copied().map(SeatId).collect();
    Action::Hold(Hold { show, choice: Choice::Items { seats, tickets: vec![] } })
}

pub(crate) fn tickets(wanted: &[(TicketTypeId, u32)]) -> Action {
    let choice = Choice::Items { seats: vec![], tickets: wanted.to_vec() };
    Action::Hold(Hold { show: SHOW, choice })
}

pub(crate) fn pay(reservation: ReservationId) -> Action {
    Action::Pay(Pay { reservation, expected: None })
}

pub(crate) fn charge(amount: i64) -> Action {
    Action::Charge(Charge { amount: Money(amount), currency: Currency::KRW })
}

pub(crate) fn reservation(answer: Answer) -> Result<Reservation, Refusal> {
    answer.map(|outcome| match outcome {
        Outcome::Reserved(reservation) => reservation,
        other => panic!("{other:?}"),
    })
}
