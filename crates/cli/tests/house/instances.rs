//! Two instances, nothing shared between them but a store: they sell one show to the last seat,
//! one is killed in the middle, and the other goes on with its work.

use crate::process::{Answer, Connection, House, admitone, serve};
use crate::shared_store::Server;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Nobody keeps trying for longer.
const PATIENCE: Duration = Duration::from_secs(90);

/// How large a sale is.
struct Size {
    seats: usize,
    buyers: usize,
    /// How many hold a seat and are never heard of again.
    vanishing: usize,
}

/// Where the instances are; the one that is killed is never asked again.
struct Front {
    addresses: Mutex<Vec<String>>,
    sold: AtomicUsize,
    seats: usize,
}

#[test]
fn two_instances_on_postgres_sell_to_the_last_seat_though_one_is_killed() {
    sell(Server::Postgres, &Size { seats: 200, buyers: 400, vanishing: 20 });
}

#[test]
fn two_instances_on_mariadb_sell_to_the_last_seat_though_one_is_killed() {
    sell(Server::Mariadb, &Size { seats: 40, buyers: 80, vanishing: 4 });
}

fn sell(server: Server, size: &Size) {
    let Some(store) = server.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, size.seats, None);
    let flags = ["--store", store.as_str()];
    let first = House::start(directory.path(), &flags);
    let second = House::start(directory.path(), &flags);
    let front = Arc::new(Front {
        addresses: Mutex::new(vec![first.address.clone(), second.address.clone()]),
        sold: AtomicUsize::new(0),
        seats: size.seats,
    });
    for _ in 0..size.vanishing {
        let mut buyer = Shopper::new(&front, 0);
        assert_eq!(buyer.hold_best().status, 201);
    }
    let begun = Instant::now();
    let buyers: Vec<_> = (0..size.buyers)
        .map(|number| {
            let front = Arc::clone(&front);
            std::thread::Builder::new()
                .stack_size(256 << 10)
                .spawn(move || Shopper::new(&front, number).buy())
                .unwrap()
        })
        .collect();
    while front.sold.load(Ordering::SeqCst) < size.seats / 3 {
        assert!(begun.elapsed() < PATIENCE, "a third was never sold");
        std::thread::sleep(Duration::from_millis(5));
    }
    front.addresses.lock().unwrap().remove(0);
    first.kill();
    let killed_at = front.sold.load(Ordering::SeqCst);
    let mut tickets: Vec<String> = Vec::new();
    for buyer in buyers {
        tickets.extend(buyer.join().unwrap());
    }
    let span = begun.elapsed();
    let distinct: BTreeSet<&String> = tickets.iter().collect();
    assert_eq!(tickets.len(), size.seats, "every seat is sold");
    assert_eq!(distinct.len(), size.seats, "no seat is sold twice");
    let board = second.connect().get("/api/v1/shows/show_1/seats", &[]).json();
    let sold = board["seats"].as_array().unwrap().iter().filter(|seat| seat["state"] == "sold");
    assert_eq!(sold.count(), size.seats, "the board knows what was sold by the other");
    assert!(second.stop());
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
    println!(
        "{server:?}: {} seats, {} buyers, two instances, one killed at {killed_at} sold: all sold \
         after {span:.1?}, none twice; {said}",
        size.seats, size.buyers
    );
}

/// A buyer who asks one instance, and another when that is gone, under the same key.
struct Shopper<'a> {
    front: &'a Front,
    number: usize,
    connection: Option<Connection>,
    token: String,
    keys: usize,
}

impl<'a> Shopper<'a> {
    fn new(front: &'a Front, number: usize) -> Self {
        let (connection, token, keys) = (None, String::new(), 0);
        let mut shopper = Self { front, number, connection, token, keys };
        let opened = shopper.send("POST /api/v1/users", r#"{"name":"s"}"#);
        assert_eq!(opened.status, 201, "{}", opened.body);
        shopper.token = format!("Bearer {}", opened.json()["token"].as_str().unwrap());
        shopper
    }

    /// Sends until somebody answers for good.
    fn send(&mut self, request: &str, body: &str) -> Answer {
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let addresses = self.front.addresses.lock().unwrap().clone();
            let address = &addresses[self.number % addresses.len()];
            let kept = self.connection.take().filter(|connection| connection.is_to(address));
            let Some(mut connection) = kept.or_else(|| Connection::try_to(address).ok()) else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let mut headers =
                vec![("idempotency-key", key.as_str()), ("content-type", "application/json")];
            if !self.token.is_empty() {
                headers.push(("authorization", &self.token));
            }
            match connection.try_send(request, &headers, body) {
                Ok(answer) if answer.status == 503 => {
                    self.connection = Some(connection);
                    std::thread::sleep(Duration::from_millis(50));
                }
                Ok(answer) => {
                    self.connection = Some(connection);
                    return answer;
                }
                // What became of it is not known: the same again, where somebody answers.
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        panic!("nobody answered {request}");
    }

    fn hold_best(&mut self) -> Answer {
        let best = r#"{"show":"show_1","best_available":{"quantity":1}}"#;
        self.send("POST /api/v1/reservations", best)
    }

    /// Buys one seat, unless all are sold; the seats on its tickets.
    fn buy(mut self) -> Vec<String> {
        let charged = self.send("POST /api/v1/wallet/charges", r#"{"amount":10}"#);
        assert_eq!(charged.status, 201, "{}", charged.body);
        let begun = Instant::now();
        while self.front.sold.load(Ordering::SeqCst) < self.front.seats {
            assert!(begun.elapsed() < PATIENCE, "some seats were never sold");
            let held = self.hold_best();
            if held.status != 201 {
                assert_eq!(held.status, 409, "{}", held.body);
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            let pay = json!({ "reservation": held.json()["id"] }).to_string();
            let paid = self.send("POST /api/v1/payments", &pay);
            if paid.status == 201 {
                self.front.sold.fetch_add(1, Ordering::SeqCst);
                break;
            }
            // A hold that lapsed before it was paid; nothing else may keep it from being paid.
            assert!(paid.body.contains("HOLD_EXPIRED"), "{}", paid.body);
        }
        let tickets = self.send("GET /api/v1/tickets", "").json();
        let seat = |ticket: &Value| ticket["item"]["seat"].as_str().unwrap().to_owned();
        tickets["data"].as_array().unwrap().iter().map(seat).collect()
    }
}

#[test]
fn what_one_instance_changes_the_other_knows() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, None);
    let flags = ["--store", store.as_str()];
    let first = House::start(directory.path(), &flags);
    let second = House::start(directory.path(), &flags);
    let front = |house: &House| Front {
        addresses: Mutex::new(vec![house.address.clone()]),
        sold: AtomicUsize::new(0),
        seats: 4,
    };
    let (here, there) = (front(&first), front(&second));
    // A board that is loaded before anything happens.
    let state = |house: &House| {
        let board = house.connect().get("/api/v1/shows/show_1/seats", &[]).json();
        board["seats"][0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&second), "available");
    let mut ann = Shopper::new(&here, 0);
    let wanted = r#"{"show":"show_1","seats":["seat_1"]}"#;
    assert_eq!(ann.send("POST /api/v1/reservations", wanted).status, 201);
    until("a hold is seen by the other instance", || state(&second) == "held");
    // A token of one is good at the other, and a key too.
    ann.front = &there;
    let again = ann.send("POST /api/v1/reservations", wanted);
    assert_eq!(again.status, 409, "the seat is held: {}", again.body);
    // An operator that is made beside both is known to both.
    let mut add = Command::new(env!("CARGO_BIN_EXE_admitone"));
    let added = add.args(["user", "--store", &store, "add", "Eve"]).output().unwrap();
    let said = String::from_utf8_lossy(&added.stdout).into_owned();
    assert!(added.status.success(), "{said}");
    let key = said.lines().find_map(|line| line.strip_prefix("operator key: ")).unwrap();
    let bearer = format!("Bearer {key}");
    for house in [&first, &second] {
        until("the operator is known", || {
            let log = house.connect().get("/api/v1/operator/log", &[("authorization", &bearer)]);
            log.status == 200 && log.body.contains("op_")
        });
    }
}

#[test]
fn a_second_instance_does_not_lead_a_room_that_is_led_and_takes_over_from_the_dead() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, Some("Door"));
    let flags = ["--store", store.as_str()];
    let first = House::start(directory.path(), &flags);
    let refused = serve(directory.path(), &flags).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("another instance sells from this store"), "{said}");
    first.kill();
    let second = House::start(directory.path(), &flags);
    let mut ann = crate::buyer::Buyer::new(&second).admitted("room_1");
    let held = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#);
    assert_eq!(held.status, 201, "{}", held.body);
    // Who ends well leaves nothing to wait for.
    assert!(second.stop());
    let begun = Instant::now();
    assert!(House::start(directory.path(), &flags).stop());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_store_without_its_guards_is_sold_from_only_on_purpose() {
    for server in [Server::Postgres, Server::Mariadb] {
        let Some(store) = server.fresh() else { continue };
        let directory = tempfile::tempdir().unwrap();
        let flags = ["--store", store.as_str()];
        let migrate = ["migrate", "--without-guards", "--store", &store];
        let (code, said) = admitone(&migrate, directory.path());
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("without its guards"), "{said}");
        let refused = serve(directory.path(), &flags).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(3), "{said}");
        assert!(said.contains("--allow-unsafe"), "{said}");
        let unsafe_flags = ["--store", store.as_str(), "--allow-unsafe"];
        assert!(House::start(directory.path(), &unsafe_flags).stop());
        let (code, said) = admitone(&["migrate", "--store", &store], directory.path());
        assert_eq!(code, 0, "{said}");
        assert!(House::start(directory.path(), &flags).stop());
        let (code, said) = admitone(&["doctor", "--store", &store], directory.path());
        assert!(said.contains("1 operators, 0 waiting rooms"), "{code} {said}");
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A show with so many seats in a row. Its holds are short, so that the seats of who vanishes come
/// back.
fn import(directory: &Path, store: &str, seats: usize, room: Option<&str>) {
    let programme = directory.join("programme.json");
    let rooms: Vec<Value> = room.iter().map(|name| json!({ "name": name })).collect();
    let mut show = json!({
        "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
        "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
        "hold_seconds": 15,
        "seats": [{ "section": "A", "row": "1", "numbers": [1, seats], "price": 10 }],
    });
    if let Some(room) = room {
        show["room"] = json!(room);
    }
    let concert = json!({ "name": "Both", "category": "rock", "shows": [show] });
    let document = json!({ "rooms": rooms, "concerts": [concert] });
    std::fs::write(&programme, document.to_string()).unwrap();
    let arguments = ["import", programme.to_str().unwrap(), "--store", store];
    let (code, said) = admitone(&arguments, directory);
    assert_eq!(code, 0, "{said}");
}
