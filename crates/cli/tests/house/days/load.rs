//! Buyers who want the same seats, each with notes of all that it was told; and the audit of the
//! notes against the store.

use super::ANSWER;
use crate::process::{Answer, Connection, admitone};
use admitone_conformance::stood_still::Span;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So many want each seat.
const RIVALS: usize = 2;

/// What a busy machine may add to the deadline, beside the time in which it did not let the buyers run.
const LATE: Duration = Duration::from_secs(2);

/// When everything is well again, nobody has to try for longer.
const PATIENCE: Duration = Duration::from_secs(45);

/// Fewer wishes for a seat than this say nothing; each comes with a charge.
const WISHES: usize = 8;

/// Seats of a show that nobody sells out in a test.
pub(crate) const SEATS: usize = 20_000;

/// Where the instances are, and how far the sale is.
pub(crate) struct Counter {
    addresses: Mutex<Vec<String>>,
    wished: AtomicUsize,
    is_over: AtomicBool,
}

impl Counter {
    /// How often somebody wished for a seat: who goes on wishes again.
    pub(crate) fn wished(&self) -> usize {
        self.wished.load(Ordering::SeqCst)
    }

    /// An instance has another address.
    pub(crate) fn moved(&self, which: usize, address: &str) {
        address.clone_into(&mut self.addresses.lock().unwrap()[which]);
    }
}

/// A command and what it was answered for good.
struct Acknowledged {
    key: String,
    request: &'static str,
    body: String,
    status: u16,
    said: String,
}

/// What a buyer was told.
#[derive(Default)]
struct Notes {
    bearer: String,
    acknowledged: Vec<Acknowledged>,
    /// How often it was asked to come back, by the reason.
    refused: BTreeMap<String, usize>,
    /// Requests whose connection was gone before the answer.
    closed: usize,
    longest: Duration,
    seats: Vec<String>,
    balance: i64,
}

/// Buyers at work.
pub(crate) struct Load {
    pub(crate) counter: Arc<Counter>,
    buyers: Vec<JoinHandle<Notes>>,
    /// Who asks a house that is stopped waits for it too.
    waited: Duration,
}

impl Load {
    /// So many buyers begin, each at one of the instances.
    pub(crate) fn begin(addresses: &[&str], buyers: usize) -> Self {
        let addresses = Mutex::new(addresses.iter().map(|one| (*one).to_owned()).collect());
        let (wished, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let counter = Arc::new(Counter { addresses, wished, is_over });
        let buyer = |number| {
            let counter = Arc::clone(&counter);
            std::thread::spawn(move || Buyer::at(&counter, number).buy())
        };
        let buyers = (0..buyers).map(buyer).collect();
        Self { buyers, counter, waited: Duration::ZERO }
    }

    /// An instance was stopped for so long.
    pub(crate) fn waited(self, waited: Duration) -> Self {
        Self { waited, ..self }
    }

    /// Everybody finishes what it is at, and is asked for its notes; then the audit.
    pub(crate) fn end(self, what: &str, store: &str) -> Day {
        // On a busy machine little may have been done: all is well by now, and more will be.
        let begun = Instant::now();
        while self.counter.wished() < WISHES && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.counter.is_over.store(true, Ordering::SeqCst);
        let notes: Vec<Notes> =
            self.buyers.into_iter().map(|buyer| buyer.join().unwrap()).collect();
        let address = self.counter.addresses.lock().unwrap()[0].clone();
        let mut day = Day::default();
        for notes in &notes {
            day.audit(notes, &address);
        }
        let distinct: BTreeSet<&String> = notes.iter().flat_map(|notes| &notes.seats).collect();
        let sold: usize = notes.iter().map(|notes| notes.seats.len()).sum();
        day.twice += sold - distinct.len();
        let directory = tempfile::tempdir().unwrap();
        let (code, said) = admitone(&["verify", "--store", store], directory.path());
        assert_eq!(code, 0, "{what}: {said}");
        println!("{what}: {}, {sold} seats sold; {}", day.figures(), said.trim());
        assert_eq!((day.lost, day.twice), (0, 0), "{what}");
        assert!(day.acknowledged > 10, "{what}: too little was done to mean anything");
        assert!(day.longest < ANSWER + LATE + self.waited, "{what}: {:?}", day.longest);
        day
    }
}

/// What became of a day.
#[derive(Default)]
pub(crate) struct Day {
    acknowledged: usize,
    lost: usize,
    twice: usize,
    longest: Duration,
    closed: usize,
    pub(crate) refused: BTreeMap<String, usize>,
}

impl Day {
    fn figures(&self) -> String {
        let Self { acknowledged, lost, twice, longest, closed, refused } = self;
        format!(
            "{acknowledged} acknowledged, lost {lost}, applied twice {twice}; the longest answer \
             took {longest:.1?} of {ANSWER:.0?}; asked to come back {refused:?}, closed before an \
             answer {closed}"
        )
    }

    /// How often somebody was disturbed.
    pub(crate) fn disturbed(&self) -> usize {
        self.closed + self.refused.values().sum::<usize>()
    }

    /// Asks for everything again that was acknowledged, and counts the money.
    fn audit(&mut self, notes: &Notes, address: &str) {
        let mut connection = Connection::try_to(address).unwrap();
        for known in &notes.acknowledged {
            let Acknowledged { key, request, body, status, said } = known;
            let headers = headers(key, &notes.bearer);
            let again = until_answered(|| connection.send(request, &headers, body));
            let is_same = (again.status, &again.body) == (*status, said);
            // A refusal that may pass is not kept: it may be answered otherwise later.
            let is_kept = !said.contains(r#""retryable":true"#);
            self.lost += usize::from(is_kept && !is_same);
            let is_replayed = again.has_header("idempotent-replayed: true");
            self.twice += usize::from(*status < 300 && !is_replayed);
        }
        let headers = [("authorization", notes.bearer.as_str())];
        let wallet = until_answered(|| connection.get("/api/v1/wallet", &headers));
        let balance = wallet.json()["balance"].as_i64();
        let difference = balance.unwrap_or_default() - notes.balance;
        self.lost += usize::from(difference != 0);
        self.acknowledged += notes.acknowledged.len();
        self.longest = self.longest.max(notes.longest);
        self.closed += notes.closed;
        for (code, count) in &notes.refused {
            *self.refused.entry(code.clone()).or_default() += count;
        }
    }
}

/// What harmed connections of the house is over, and some of them may yet be found out.
fn until_answered(mut ask: impl FnMut() -> Answer) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.status != 503 || begun.elapsed() > PATIENCE {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn headers<'a>(key: &'a str, bearer: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut headers = vec![("idempotency-key", key), ("content-type", "application/json")];
    if !bearer.is_empty() {
        headers.push(("authorization", bearer));
    }
    headers
}

struct Buyer<'a> {
    counter: &'a Counter,
    number: usize,
    connection: Option<Connection>,
    keys: usize,
    notes: Notes,
}

impl<'a> Buyer<'a> {
    fn at(counter: &'a Counter, number: usize) -> Self {
        let (connection, keys, notes) = (None, 0, Notes::default());
        let mut buyer = Self { counter, number, connection, keys, notes };
        let opened = buyer.ask("POST /api/v1/users", r#"{"name":"b"}"#.to_owned());
        assert_eq!(opened.status, 201, "{}", opened.body);
        // What it is told is a secret, which is told once.
        buyer.notes.acknowledged.clear();
        buyer.notes.bearer = format!("Bearer {}", opened.json()["token"].as_str().unwrap());
        buyer
    }

    fn buy(mut self) -> Notes {
        while !self.counter.is_over.load(Ordering::SeqCst) {
            let charged =
                self.ask("POST /api/v1/wallet/charges", json!({ "amount": 10 }).to_string());
            assert_eq!(charged.status, 201, "{}", charged.body);
            self.notes.balance += 10;
            let seat = 1 + self.counter.wished.fetch_add(1, Ordering::SeqCst) / RIVALS % SEATS;
            let wish = json!({ "show": "show_1", "seats": [format!("seat_{seat}")] }).to_string();
            let held = self.ask("POST /api/v1/reservations", wish);
            if held.status != 201 {
                assert!(["SEAT_TAKEN"].contains(&code_of(&held).as_str()), "{}", held.body);
                continue;
            }
            let pay = json!({ "reservation": held.json()["id"] }).to_string();
            let paid = self.ask("POST /api/v1/payments", pay);
            if paid.status == 201 {
                self.notes.balance -= 10;
                self.notes.seats.push(format!("seat_{seat}"));
            } else {
                // Its time was over while nothing could be paid.
                assert!(
                    ["HOLD_EXPIRED", "INVALID_STATE"].contains(&code_of(&paid).as_str()),
                    "{}",
                    paid.body
                );
            }
        }
        self.notes
    }

    /// Asks until there is an answer for good, and notes it.
    fn ask(&mut self, request: &'static str, body: String) -> Answer {
        self.keys += 1;
        let key = format!("day-{}", self.keys);
        let begun = Instant::now();
        loop {
            assert!(
                begun.elapsed() < PATIENCE,
                "nobody answered {request}: {:?}",
                self.notes.refused
            );
            let Some(answer) = self.attempt(request, &body, &key) else {
                self.notes.closed += 1;
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            if answer.status != 503 {
                assert!(answer.status < 500, "{request}: {}", answer.body);
                let (status, said) = (answer.status, answer.body.clone());
                assert!(status < 300 || !code_of(&answer).is_empty(), "{said}");
                self.notes.acknowledged.push(Acknowledged { key, request, body, status, said });
                return answer;
            }
            let code = code_of(&answer);
            let comes_back = answer.head.to_ascii_lowercase().contains("retry-after: ");
            assert!(!code.is_empty() && comes_back, "a refusal without a reason: {}", answer.body);
            *self.notes.refused.entry(code).or_default() += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks once; none where the connection ended before the answer.
    fn attempt(&mut self, request: &str, body: &str, key: &str) -> Option<Answer> {
        let address = {
            let addresses = self.counter.addresses.lock().unwrap();
            addresses[self.number % addresses.len()].clone()
        };
        let kept = self.connection.take().filter(|connection| connection.is_to(&address));
        let mut connection = kept.or_else(|| Connection::try_to(&address).ok())?;
        let begun = Span::begin();
        let answer = connection.try_send(request, &headers(key, &self.notes.bearer), body);
        match answer {
            Ok(answer) => {
                self.notes.longest = self.notes.longest.max(begun.elapsed());
                self.connection = Some(connection);
                Some(answer)
            }
            Err(error) => {
                let is_waiting = error.kind() == std::io::ErrorKind::WouldBlock;
                assert!(!is_waiting, "{request} was not answered for twenty seconds");
                None
            }
        }
    }
}

/// The code of a problem; empty where there is none.
fn code_of(answer: &Answer) -> String {
    let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}
