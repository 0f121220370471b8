//! A house in which a command comes out of a queue while it is read, and one that never rests.

use super::collect::take_opening;
use super::{Entry, Opening, Rest, Scope, State, Wallet, collect};
use crate::audit::{Finding, audit};
use crate::history::{Asked, Event, History, Op, Outcome, Window};
use crate::programme::HOLD_MS;
use crate::site::Site;
use crate::target::{Account, Target};
use admitone_domain::id::{BuyerId, ShowId};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A buyer has charged 60 and holds a seat. That he pays for it waits until so many requests were answered.
struct Moving {
    answered: AtomicU32,
    paid_after: u32,
    /// Whether the payment is seen in a queue meanwhile.
    has_queue: bool,
    /// Whether the hold is another one each time that somebody looks.
    is_restless: bool,
}

impl Moving {
    /// Listens until the test is over.
    fn open(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let house = Arc::new(self);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let house = Arc::clone(&house);
                std::thread::spawn(move || house.serve(stream));
            }
        });
        address
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut writer = stream.try_clone().ok()?;
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        loop {
            let asked = lines.next()?;
            lines.by_ref().find(String::is_empty)?;
            // A name is asked for before anything is read; its body has no end of line.
            let body = if asked.starts_with("POST") {
                json!({ "id": BuyerId(1).to_string(), "token": "token" })
            } else {
                self.answer(asked.split([' ', '?']).nth(1)?)
            };
            let body = body.to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
            let close = if asked.starts_with("POST") { "connection: close\r\n" } else { "" };
            writer.write_all(format!("{head}{close}\r\n{body}").as_bytes()).ok()?;
            close.is_empty().then_some(())?;
        }
    }

    fn answer(&self, path: &str) -> Value {
        let number = self.answered.fetch_add(1, Ordering::SeqCst);
        let is_paid = number >= self.paid_after;
        let data = |some: Vec<Value>| json!({ "data": some, "next_cursor": null });
        match path {
            "/api/v1/operator/queues" => {
                let waiting = u32::from(!is_paid);
                let queue = json!({ "waiting": waiting, "running": 0, "delayed": 0, "dead": 3 });
                data(if self.has_queue { vec![queue] } else { Vec::new() })
            }
            "/api/v1/operator/reservations" => data(vec![self.reservation(number, is_paid)]),
            "/api/v1/shows/show_1/seats" => json!({ "seats": [{ "state": "held" }] }),
            "/api/v1/shows/show_1/ticket-types" => data(Vec::new()),
            "/api/v1/wallet" => json!({ "balance": if is_paid { 0 } else { 60 } }),
            "/api/v1/wallet/entries" => {
                let charge = json!({ "id": "entry_1", "kind": "charge", "amount": 60 });
                let using =
                    json!({ "id": "entry_2", "kind": "use", "amount": 60, "payment": "pay_8" });
                data([charge].into_iter().chain(is_paid.then_some(using)).collect())
            }
            "/api/v1/payments" => {
                let paid =
                    json!({ "id": "pay_8", "reservation": "res_7", "amount": 60, "refunded": 0 });
                data(is_paid.then_some(paid).into_iter().collect())
            }
            other => panic!("nobody should ask for {other}"),
        }
    }

    fn reservation(&self, number: u32, is_paid: bool) -> Value {
        let state = if is_paid { "sold" } else { "held" };
        let minute = if self.is_restless { number % 60 } else { 30 };
        json!({
            "id": "res_7", "buyer": BuyerId(1).to_string(), "show": "show_1", "state": state,
            "items": [{ "seat": "seat_5", "state": state }],
            "payment": is_paid.then_some("pay_8"),
            "expires_at": format!("2026-01-01T00:{minute:02}:00Z"),
            "server_time": format!("2026-01-01T00:00:{:02}Z", number % 60),
        })
    }
}

fn moving(paid_after: u32) -> Moving {
    let answered = AtomicU32::new(0);
    Moving { answered, paid_after, has_queue: false, is_restless: false }
}

/// What is read of a house, and the findings that follow; that somebody pays was never answered.
fn read(house: Moving, patience: Option<Duration>) -> (State, Vec<Finding>) {
    let state = state(house, vec![ShowId(1)], patience);
    let findings = audit(&history(), &state).findings;
    (state, findings)
}

fn state(house: Moving, shows: Vec<ShowId>, patience: Option<Duration>) -> State {
    let address = house.open();
    let target = Target { address, operator_key: "key".to_owned() };
    let site = Site::new(target).expect("a house");
    let account = Account { buyer: BuyerId(1), token: "token".to_owned() };
    let scope = Scope::of_buyers(Arc::new(vec![account]), shows, HOLD_MS);
    let rest = patience.map(|patience| Rest { patience, addresses: vec![address] });
    collect(&site, &scope, &rest.unwrap_or_else(Rest::unneeded)).expect("a state")
}

fn history() -> History {
    let event = |number, op, on, amount, outcome| Event {
        number,
        asked: Asked { op, by: 0, on, amount },
        sent_ns: number,
        ended_ns: number + 1,
        outcome,
        ..Event::default()
    };
    let done = |named, value| Outcome::Done { named, value };
    let mut held = event(3, Op::Hold, 5, 1, done(7, 60));
    held.items = [5].into();
    let charged = event(1, Op::Charge, 0, 60, done(1, 60));
    let paying = event(5, Op::Pay, 7, 60, Outcome::Unknown);
    let window = Window { from_ns: 0, to_ns: 10 };
    History { events: vec![charged, held, paying], window }
}

/// A wallet that had 1,000 before a load, in which somebody charged as much; the opening's entry has this
/// id, that of the charge is 2.
fn charged(opening: u64, is_there: bool) -> (State, Vec<Finding>) {
    let entry = |id, amount| Entry { id, amount, payment: None };
    let mut entries = vec![entry(2, 1_000), entry(3, -30)];
    entries.extend(is_there.then(|| entry(opening, 1_000)));
    let put_in = Opening { entry: opening, amount: 1_000 };
    let opening = take_opening(&mut entries, Some(put_in));
    let wallet = Wallet { by: 0, opening, balance: 1_970, entries };
    let state = State { wallets: vec![wallet], ..State::default() };
    let event = |number, op, amount, named, value| Event {
        number,
        asked: Asked { op, by: 0, on: 0, amount },
        sent_ns: number * 10,
        ended_ns: number * 10 + 5,
        outcome: Outcome::Done { named, value },
        ..Event::default()
    };
    let events = vec![event(1, Op::Charge, 1_000, 2, 2_000), event(2, Op::Use, 30, 3, 1_970)];
    let history = History { events, window: Window { from_ns: 0, to_ns: 100 } };
    let findings = audit(&history, &state).findings;
    (state, findings)
}

#[test]
fn what_a_wallet_had_before_is_the_entry_that_was_told_and_not_the_one_with_the_smallest_id() {
    // Another instance numbers from a block before this one.
    let (state, findings) = charged(10_001, true);
    assert_eq!(findings, []);
    let ids: Vec<u64> = state.wallets[0].entries.iter().map(|entry| entry.id).collect();
    assert_eq!((ids, state.wallets[0].opening), (vec![2, 3], 1_000));
    assert_eq!(charged(1, true).1, []);
}

#[test]
fn what_was_put_in_before_and_is_not_there_any_more_is_found() {
    let (_, findings) = charged(10_001, false);
    let kinds: Vec<&str> = findings.iter().map(Finding::kind).collect();
    assert!(kinds.contains(&"miscounted") && !kinds.contains(&"lost"), "{findings:?}");
}

#[test]
fn a_wallet_is_read_with_what_was_put_in_before() {
    let opening = Opening { entry: 1, amount: 60 };
    let address = moving(0).open();
    let site = Site::new(Target { address, operator_key: "key".to_owned() }).expect("a house");
    let account = Account { buyer: BuyerId(1), token: "token".to_owned() };
    let mut scope = Scope::of_buyers(Arc::new(vec![account]), Vec::new(), HOLD_MS);
    scope.wallets.insert(0, Some(opening));
    let state = collect(&site, &scope, &Rest::unneeded()).expect("a state");
    let wallet = &state.wallets[0];
    assert_eq!((wallet.opening, wallet.balance, wallet.entries.len()), (60, 0, 1));
}

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn what_comes_out_of_a_queue_while_it_is_read_looks_as_if_money_were_taken_for_nothing() {
    let (_, findings) = read(moving(2), None);
    assert!(
        matches!(&findings[..], [Finding::PaidForNothing { found, .. }] if found == "held"),
        "nobody waits for it: the harm, and not {findings:?}"
    );
}

#[test]
fn a_house_whose_queues_hold_something_is_read_when_they_are_empty() {
    let (state, findings) = read(Moving { has_queue: true, ..moving(2) }, Some(PATIENCE));
    assert_eq!(findings, []);
    assert_eq!((state.payments.len(), state.unrest), (1, None));
}

#[test]
fn what_moves_while_it_is_read_is_read_again_although_no_queue_shows_it() {
    let (state, findings) = read(moving(4), Some(PATIENCE));
    assert_eq!(findings, []);
    assert_eq!((state.payments.len(), state.unrest), (1, None), "it is another time, and the same");
}

#[test]
fn a_house_that_never_rests_is_read_all_the_same_and_it_is_said() {
    let house = Moving { is_restless: true, ..moving(0) };
    let (state, _) = read(house, Some(Duration::from_secs(1)));
    assert_eq!(state.payments.len(), 1);
    assert!(state.unrest.is_some_and(|why| why.contains("not come to rest")));
}

#[test]
fn a_house_whose_queues_never_empty_is_not_at_rest_though_nothing_moves() {
    let house = Moving { has_queue: true, ..moving(u32::MAX) };
    let (state, _) = read(house, Some(Duration::from_secs(1)));
    assert!(state.unrest.is_some_and(|why| why.contains("1 commands in its queues")));
}

#[test]
fn a_wallet_that_moves_while_it_is_read_is_read_again_where_nothing_is_for_sale() {
    // Two looks at the queues, and the first reading of the wallet: then it moves.
    let state = state(moving(5), Vec::new(), Some(PATIENCE));
    assert_eq!((state.wallets[0].balance, state.payments.len(), state.unrest), (0, 1, None));
}
