//! A sale that is sound, and each defect of it under its name.

use super::*;
use admitone_domain::id::{EntryId, ReservationId, TicketTypeId};
use admitone_domain::payment::{Attempt, Method, Standing};
use admitone_domain::reservation::{Item, Ware};
use admitone_domain::wallet::EntryKind;
use admitone_domain::{Currency, Moment};

const SHOW: ShowId = ShowId(1);
const ANN: BuyerId = BuyerId(1);
const BOB: BuyerId = BuyerId(2);
const HELD: SeatState = SeatState::Held { by: ReservationId(11), until: Moment(200) };

/// Ann has seat 1 and a ticket, and holds seat 2; Bob's hold of seat 2 was over before.
struct Sale {
    payment: Payment,
    sold: Reservation,
    held: Reservation,
    over: Reservation,
    seats: Vec<Seat>,
    stock: TicketType,
    quotas: Vec<(BuyerId, u32)>,
    entries: Vec<Entry>,
}

/// A movement of Ann's wallet for the payment.
fn entry(id: u64, kind: EntryKind, amount: i64) -> Entry {
    let payment = Some(PaymentId(5));
    Entry { id: EntryId(id), buyer: ANN, kind, amount: Money(amount), at: Moment(50), payment }
}

fn reservation(
    id: u64,
    buyer: BuyerId,
    created_at: i64,
    items: &[(Ware, ItemState)],
) -> Reservation {
    Reservation {
        id: ReservationId(id),
        show: SHOW,
        buyer,
        items: items
            .iter()
            .map(|(what, state)| Item { what: *what, price: Money(100), state: *state })
            .collect(),
        created_at: Moment(created_at),
        held_until: Moment(created_at + 100),
        extensions: 0,
        payment: None,
        pass: None,
    }
}

fn seat(id: u64, state: SeatState) -> Seat {
    Seat { id: SeatId(id), show: SHOW, price: Money(100), state }
}

/// A payment that a gateway was asked for, and of which so much is known.
fn gateway(standing: Standing) -> Method {
    Method::Gateway(attempt(standing))
}

/// The same of a wallet, of which nothing is asked any more.
fn apart(standing: Standing) -> Method {
    Method::Apart(attempt(standing))
}

fn attempt(standing: Standing) -> Box<Attempt> {
    Box::new(Attempt {
        key: "key".into(),
        order: "order".into(),
        standing,
        pass: None,
        held_until: Moment(0),
        asked: 1,
        ask_at: Moment(0),
        said: None,
        refunds: Vec::new(),
    })
}

impl Sale {
    fn sound() -> Self {
        let (first, second) = (Ware::Seat(SeatId(1)), Ware::Seat(SeatId(2)));
        let ticket = Ware::Ticket(TicketTypeId(1));
        let sold = &[(first, ItemState::Sold), (ticket, ItemState::Sold)];
        Self {
            payment: Payment {
                id: PaymentId(5),
                buyer: ANN,
                reservation: Some(ReservationId(9)),
                amount: Money(200),
                currency: Currency::KRW,
                refunded: Money(0),
                method: Method::Wallet,
                created_at: Moment(50),
            },
            sold: Reservation { payment: Some(PaymentId(5)), ..reservation(9, ANN, 0, sold) },
            over: reservation(10, BOB, 0, &[(second, ItemState::Held)]),
            held: reservation(11, ANN, 100, &[(second, ItemState::Held)]),
            seats: vec![
                seat(1, SeatState::Sold { by: ReservationId(9) }),
                seat(2, HELD),
                seat(3, SeatState::Free),
            ],
            stock: TicketType {
                id: TicketTypeId(1),
                show: SHOW,
                name: String::new(),
                price: Money(100),
                capacity: 5,
                held: 0,
                sold: 1,
            },
            quotas: vec![(ANN, 3), (BOB, 1)],
            entries: vec![entry(5, EntryKind::Use, 200)],
        }
    }

    fn findings(self) -> Vec<String> {
        let reservations = [self.sold, self.held, self.over];
        let quotas = self.quotas.into_iter();
        let rows = std::iter::once(Row::Payment(self.payment))
            .chain(reservations.into_iter().map(Row::Reservation))
            .chain(self.seats.into_iter().map(Row::Seat))
            .chain([Row::TicketType(self.stock)])
            .chain(quotas.map(|(buyer, taken)| Row::Quota { show: SHOW, buyer, taken }));
        let (mut walk, mut report) = (Walk::default(), Report::default());
        rows.for_each(|row| walk.visit(row, &mut report));
        self.entries.iter().for_each(|entry| walk.visit_entry(entry, &mut report));
        walk.finish(&mut report);
        report.findings
    }
}

#[test]
fn a_sale_with_a_hold_that_is_over_and_was_taken_over_is_sound() {
    assert_eq!(Sale::sound().findings(), Vec::<String>::new());
}

#[test]
fn a_payment_in_parts_is_sound_once_its_money_is_where_its_tickets_are() {
    let mut sale = Sale::sound();
    sale.payment.method = apart(Standing::Approved);
    assert_eq!(sale.findings(), Vec::<String>::new());
    let sale = |method, entries: &[Entry]| {
        let mut sale = Sale::sound();
        (sale.payment.method, sale.entries) = (method, entries.to_vec());
        sale.findings().into_iter().filter(|one| one.contains("wallet")).collect::<Vec<_>>()
    };
    let taken = entry(5, EntryKind::Use, 200);
    let none = Vec::<String>::new();
    // While it is asked, it may have given or not; what came to nothing gave nothing, or has it back.
    assert_eq!(sale(apart(Standing::Unknown), &[taken]), none);
    assert_eq!(sale(apart(Standing::Unknown), &[]), none);
    let declined = || apart(Standing::Declined { code: String::new() });
    assert_eq!(sale(declined(), &[]), none);
    assert_eq!(sale(declined(), &[taken, entry(6, EntryKind::Refund, 200)]), none);
}

type Plant = fn(&mut Sale);

const PLANTED: &[(&str, Plant)] = &[
    ("a seat that says otherwise than its items", |sale| {
        sale.seats[1].state = SeatState::Held { by: ReservationId(10), until: Moment(100) };
    }),
    ("a seat that says otherwise than its items", |sale| {
        sale.seats[1].state = SeatState::Held { by: ReservationId(11), until: Moment(201) };
    }),
    ("a seat that says otherwise than its items", |sale| sale.seats[1].state = SeatState::Free),
    ("a seat that says otherwise than its items", |sale| {
        sale.seats[0].state = SeatState::Sold { by: ReservationId(11) };
    }),
    ("a seat that says otherwise than its items", |sale| {
        sale.seats[2].state = SeatState::Sold { by: ReservationId(9) };
    }),
    ("two live holds of one seat", |sale| sale.over.held_until = Moment(101)),
    ("a live hold of a sold seat", |sale| sale.held.items[0].what = Ware::Seat(SeatId(1))),
    ("a seat sold twice", |sale| sale.sold.items.push(sale.sold.items[0])),
    ("an item of a seat that does not exist", |sale| sale.seats.truncate(1)),
    ("an item of another show", |sale| sale.seats[0].show = ShowId(2)),
    ("tickets without a payment of their own", |sale| sale.sold.payment = None),
    ("tickets without a payment of their own", |sale| {
        sale.payment.reservation = Some(ReservationId(10));
    }),
    ("a payment that keeps another sum than its tickets cost", |sale| {
        sale.payment.refunded = Money(100);
    }),
    (Pins::UNKNOWN, |sale| sale.payment.reservation = Some(ReservationId(10))),
    (Pins::KEPT, |sale| sale.payment.method = gateway(Standing::Late)),
    (Pins::ASTRAY, |sale| sale.payment.method = gateway(Standing::Unknown)),
    (Pins::ASTRAY, |sale| sale.held.items[0].state = ItemState::Confirming),
    (Takings::NOT_TAKEN, |sale| sale.entries.clear()),
    (Takings::NOT_TAKEN, |sale| sale.entries[0].amount = Money(199)),
    (Takings::NOT_TAKEN, |sale| {
        sale.payment.method = apart(Standing::Approved);
        sale.entries.clear();
    }),
    (Takings::TWICE, |sale| sale.entries.push(entry(6, EntryKind::Use, 200))),
    (Takings::FOR_NOTHING, |sale| sale.payment.method = gateway(Standing::Approved)),
    (Takings::FOR_NOTHING, |sale| {
        sale.payment.method = apart(Standing::Declined { code: "NOTHING_TAKEN".into() });
    }),
    (Takings::FOR_NOTHING, |sale| {
        sale.payment.method = apart(Standing::Declined { code: "NOTHING_TAKEN".into() });
        sale.entries.push(entry(6, EntryKind::Refund, 199));
    }),
    (Takings::ASTRAY, |sale| sale.entries[0].buyer = BOB),
    (Takings::ASTRAY, |sale| sale.entries[0].payment = None),
    (Takings::ASTRAY, |sale| sale.entries[0].payment = Some(PaymentId(6))),
    ("a stock that is not the sum of its items", |sale| sale.stock.sold = 0),
    ("a stock that is not the sum of its items", |sale| sale.stock.held = 1),
    ("a quota that is not the sum of its items", |sale| sale.quotas[0].1 = 2),
    ("a quota that is not the sum of its items", |sale| sale.quotas.truncate(1)),
];

#[test]
fn each_planted_defect_is_found_under_its_name() {
    for (at, (kind, plant)) in PLANTED.iter().enumerate() {
        let mut sale = Sale::sound();
        plant(&mut sale);
        let findings = sale.findings();
        let is_found = findings.iter().any(|finding| finding.starts_with(&format!("{kind}: ")));
        assert!(is_found, "{kind} ({at}) is not among {findings:#?}");
    }
}
