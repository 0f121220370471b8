//! A sale that is sound, and each defect of it under its name.

use super::*;
use admitone_domain::id::{ReservationId, TicketTypeId};
use admitone_domain::payment::{Attempt, Method, Standing};
use admitone_domain::reservation::{Item, Ware};
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
    Method::Gateway(Box::new(Attempt {
        key: "key".into(),
        order: "order".into(),
        standing,
        pass: None,
        held_until: Moment(0),
        asked: 1,
        ask_at: Moment(0),
        said: None,
        refunds: Vec::new(),
    }))
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
        walk.finish(&mut report);
        report.findings
    }
}

#[test]
fn a_sale_with_a_hold_that_is_over_and_was_taken_over_is_sound() {
    assert_eq!(Sale::sound().findings(), Vec::<String>::new());
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
