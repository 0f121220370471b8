//! Kill -9 a hundred times at moments that differ, while a line waits at the door, customers pay and
//! others hold and charge: every acknowledged command is there once, the queue goes on where it was,
//! and the store is sound.

mod ledger;
mod line;

use crate::process::{House, admitone};
use ledger::Ledger;
use line::{CUSTOMERS, Hall, INSIDE_MAX, PRICE};
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const KILLS: u64 = 100;
/// So many commands are acknowledged and so many payments made over all kills, or they mean nothing.
const ACKNOWLEDGED_MIN: u64 = 1_000;
const PAID_MIN: u64 = 100;
/// A slow machine is given so long before a kill to come up to its share of them.
const SHARE_WAIT: Duration = Duration::from_mins(1);
/// So many hold and charge without a line.
const BUYERS: usize = 4;
/// Seats of the show behind the line; those of the other one follow.
const SEATS_OF_THE_LINE: u64 = 20_000;

/// All who come, with their notes.
struct Crowd {
    hall: Arc<Hall>,
    ledgers: Vec<Arc<Mutex<Ledger>>>,
    next_seat: Arc<AtomicU64>,
}

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_and_the_line_goes_on_over_a_hundred_kills() {
    let directory = tempfile::tempdir().unwrap();
    import(directory.path());
    let crowd = Crowd::open(&House::start(directory.path(), &[]));
    for kill in 0..KILLS {
        let house = House::start(directory.path(), &[]);
        crowd.hall.check_line(&house, kill);
        let stop = Arc::new(AtomicBool::new(false));
        let visits = crowd.come(&house, &stop);
        crowd.wait_for_share(kill);
        // A moment that differs from kill to kill, before, during and after a fold.
        std::thread::sleep(Duration::from_millis(20 + kill * 53 % 240));
        house.kill();
        stop.store(true, Ordering::SeqCst);
        for visit in visits {
            visit.join().unwrap();
        }
    }
    let house = House::start(directory.path(), &[]);
    crowd.hall.check_line(&house, KILLS);
    let said = crowd.check(&house);
    assert!(house.stop());
    let (code, verified) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "{verified}");
    println!("{KILLS} kills, {said}, 0 lost, 0 twice; {verified}");
}

impl Crowd {
    fn open(house: &House) -> Self {
        let ledgers = (0..BUYERS).map(|_| Arc::new(Mutex::new(Ledger::open(house)))).collect();
        let next_seat = Arc::new(AtomicU64::new(SEATS_OF_THE_LINE + 1));
        Self { hall: Arc::new(Hall::new()), ledgers, next_seat }
    }

    /// All come, and stay until the house dies.
    fn come(&self, house: &House, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
        let customers = (0..CUSTOMERS).map(|number| {
            let (hall, stop) = (Arc::clone(&self.hall), Arc::clone(stop));
            let connection = house.connect();
            std::thread::spawn(move || hall.visit(number, connection, &stop))
        });
        let buyers = self.ledgers.iter().map(|ledger| {
            let (ledger, stop) = (Arc::clone(ledger), Arc::clone(stop));
            let (seats, connection) = (Arc::clone(&self.next_seat), house.connect());
            std::thread::spawn(move || ledger::buy(&ledger, &seats, connection, &stop))
        });
        customers.chain(buyers).collect()
    }

    /// Waits until as much was done as belongs to the kills before: at once, where the machine is quick.
    fn wait_for_share(&self, kill: u64) {
        let share = |all: u64| all * kill / (KILLS - 1);
        let begun = Instant::now();
        while begun.elapsed() < SHARE_WAIT {
            let [_, paid] = self.hall.count();
            if self.acknowledged() >= share(ACKNOWLEDGED_MIN) && paid >= share(PAID_MIN) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many commands without a line were acknowledged.
    fn acknowledged(&self) -> u64 {
        let known = self.ledgers.iter().map(|ledger| ledger.lock().unwrap().count()[0]);
        known.sum::<usize>() as u64
    }

    /// Everybody has what was acknowledged, once; how much that was.
    fn check(&self, house: &House) -> String {
        let (mut acknowledged, mut unknown) = (0, 0);
        for ledger in &self.ledgers {
            let ledger = ledger.lock().unwrap();
            let [known, other] = ledger.count();
            (acknowledged, unknown) = (acknowledged + known, unknown + other);
            ledger.check(house);
        }
        let [places, paid] = self.hall.count();
        assert!(self.acknowledged() >= ACKNOWLEDGED_MIN, "too small a load: {acknowledged}");
        assert!(paid >= PAID_MIN, "too few came through to mean anything: {paid}");
        self.hall.check_paid(house);
        format!("{acknowledged} acknowledged, {unknown} unknown, {places} places, {paid} payments")
    }
}

/// Two shows: one behind a room, one that anybody may buy from.
fn import(directory: &Path) {
    let show = |room: Option<&str>, last: u64, price: i64| {
        let hour = if room.is_some() { 19 } else { 20 };
        json!({
            "room": room,
            "opens_at": format!("2099-01-01T{hour}:00:00Z"), "closes_at": "2099-01-01T22:00:00Z",
            "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, last], "price": price }],
        })
    };
    let shows = [show(Some("Door"), SEATS_OF_THE_LINE, PRICE), show(None, 100_000, 1)];
    let document = json!({
        "rooms": [{ "name": "Door", "settings": {
            "active_max": INSIDE_MAX, "rate": null, "presence": false, "claim_ms": 600_000,
        }}],
        "concerts": [{ "name": "Endless", "category": "rock", "shows": shows }],
    });
    let programme = directory.join("programme.json");
    std::fs::write(&programme, document.to_string()).unwrap();
    let (code, said) = admitone(&["import", programme.to_str().unwrap()], directory);
    assert_eq!(code, 0, "{said}");
}
