//! The matrix of strategies through the real wiring: processes on PostgreSQL and on MariaDB without
//! guards, each save slowed behind its load, asked over HTTP and audited by counting. What is computed
//! to be safe does no harm; what is computed to be unsafe must do harm, else the test proves nothing.
//! With `ADMITONE_LONG` every cell is run and what was observed is written to
//! `docs/strategies.services.json`; else the named strategies, and on PostgreSQL a sample in which
//! every two values of different axes meet.

mod progress;

use crate::process::{House, admitone, serve};
use crate::redis::shared;
use crate::shared_store::{Server, execute};
use crate::shopper::{Front, Shopper, import};
use admitone_app::ports::store::Mode;
use admitone_app::strategy::{Class, DeliveryKind, LockKind, NAMED, Safety, Strategy, StrategyMap};
use admitone_conformance::own_broker::Broker;
use progress::Progress;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};

/// Everybody wants the same seats, and everybody charges one wallet.
const SEATS: usize = 3;
const BUYERS: usize = 8;

/// So many close their accounts while money comes into their wallets.
const LEAVING: usize = 3;

/// What a seat costs, and how often money comes into a wallet that pays for one meanwhile.
const PRICE: i64 = 10;
const GIFTS: usize = 8;

/// So often harm may fail to be done where it must be.
const TRIES: u32 = 5;

/// So many cells are run at once when all of them are: each waits more than it works.
const AT_ONCE: usize = 4;

/// A map, and how many instances run it.
struct Cell {
    map: StrategyMap,
    instances: usize,
}

/// What was done to a class of rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Harm {
    /// Holds of seats that somebody else held.
    seats: usize,
    /// Money that was charged and is not there.
    money: i64,
    /// What the verification found.
    findings: bool,
}

#[test]
fn on_postgres_every_strategy_does_what_is_computed_of_it() {
    run_all(Server::Postgres, &if is_long() { all() } else { sample() });
}

#[test]
fn on_mariadb_every_strategy_does_what_is_computed_of_it() {
    // What is safe anyhow is safe alone.
    let telling = |cell: &Cell| cell.instances > 1 || cell.map.safety() == Safety::Alone;
    let named = || named().chain(mixed()).filter(telling).collect();
    run_all(Server::Mariadb, &if is_long() { all() } else { named() });
}

fn is_long() -> bool {
    std::env::var_os("ADMITONE_LONG").is_some()
}

/// Runs cells and requires that each does what is computed of it. All of them are run several at a
/// time, and a run that was interrupted goes on; a few are run one after the other, beside whatever
/// else is tested.
fn run_all(server: Server, cells: &[Cell]) {
    let Some(redis) = shared() else { return };
    let brokers = [Broker::Rabbitmq, Broker::Kafka];
    if server.fresh().is_none() || brokers.iter().any(|broker| broker.shared().is_none()) {
        return;
    }
    let progress = is_long().then(|| Progress::of(&format!("matrix-{}", name_of(server))));
    let (next, lines) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let run_one = |cell: &Cell| {
        let name = format!("{}, {}", cell.map, cell.instances);
        match &progress {
            Some(progress) if progress.has(&name) => {}
            Some(progress) => progress.note(name, run_until_it_tells(server, cell, &redis)),
            None => lines.lock().unwrap().push(run_until_it_tells(server, cell, &redis)),
        }
    };
    let run_on = || {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            run_one(cell);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..if is_long() { AT_ONCE } else { 1 } {
            scope.spawn(run_on);
        }
    });
    let lines = progress.map_or_else(|| lines.into_inner().unwrap(), Progress::end);
    let harmed = lines.iter().filter(|line| line.contains(r#""found":true"#)).count();
    assert!(harmed > 0, "nothing did harm");
    println!("{server:?}: {} cells, {harmed} of them did harm, as was computed", lines.len());
    if is_long() {
        write(lines);
    }
}

/// Runs a cell until it did the harm that it must do, for a while; what was observed.
fn run_until_it_tells(server: Server, cell: &Cell, redis: &str) -> String {
    let Cell { map, instances } = cell;
    let (stock, wallet) = (cell.must_harm(Class::Stock), cell.must_harm(Class::Wallet));
    let (mut harm, mut runs) = (Harm::default(), 0);
    // Harm needs two to meet: on a busy machine they may miss each other once.
    while runs < TRIES {
        (harm, runs) = (run(server, cell, redis), runs + 1);
        if (harm.seats > 0) >= stock && (harm.money != 0) >= wallet {
            break;
        }
    }
    println!("{server:?}, {map}, {instances}: {harm:?}");
    assert_eq!(harm.seats > 0, stock, "{map} with {instances}: {harm:?}");
    assert_eq!(harm.money != 0, wallet, "{map} with {instances}: {harm:?}");
    assert_eq!(harm.findings, stock || wallet, "{map} with {instances}: {harm:?}");
    harm.line(server, cell, runs)
}

/// Writes over what the file says of these cells: the table of strategies is made from it.
fn write(lines: Vec<String>) {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let _turn = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/strategies.services.json");
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let known = known.lines().filter(|line| line.starts_with("  {"));
    let mut all: BTreeMap<(String, String, u64), String> = BTreeMap::new();
    for line in known.map(|line| line.trim_end_matches(',').to_owned()).chain(lines) {
        let cell: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| cell[name].as_str().unwrap().to_owned();
        let key = (text("map"), text("store"), cell["instances"].as_u64().unwrap());
        all.insert(key, line);
    }
    let all: Vec<String> = all.into_values().collect();
    std::fs::write(path, format!("[\n{}\n]\n", all.join(",\n"))).unwrap();
}

fn name_of(server: Server) -> &'static str {
    match server {
        Server::Postgres => "PostgreSQL",
        Server::Mariadb => "MariaDB",
    }
}

impl Harm {
    /// A line of the file.
    fn line(&self, server: Server, cell: &Cell, runs: u32) -> String {
        let line = json!({
            "store": name_of(server),
            "map": cell.map.to_string(),
            "instances": cell.instances,
            "runs": runs,
            "seats_twice": self.seats,
            "money_gone": self.money,
            "found": self.findings,
        });
        format!("  {line}")
    }
}

impl Cell {
    /// The broker that carries its commands, and the flag for it.
    fn brokers(&self) -> Option<(&'static str, String)> {
        let strategies = self.map.strategies();
        let (flag, broker) = match strategies.first()?.delivery {
            DeliveryKind::RabbitMq => ("--rabbitmq", Broker::Rabbitmq),
            DeliveryKind::Kafka | DeliveryKind::KafkaBatch => ("--kafka", Broker::Kafka),
            DeliveryKind::Direct | DeliveryKind::Channel | DeliveryKind::Jobs => return None,
        };
        Some((flag, broker.shared()?))
    }

    /// Whether a payment from the wallet may cross lanes: then somebody pays.
    fn has_lanes(&self) -> bool {
        self.map.strategies().iter().any(|way| way.delivery == DeliveryKind::Kafka)
    }

    fn must_harm(&self, class: Class) -> bool {
        let judged = self.map.judge().into_iter().find(|judged| judged.class == class).unwrap();
        match judged.safety {
            Safety::Safe => false,
            Safety::Alone => self.instances > 1,
            Safety::Unsafe => true,
        }
    }
}

/// Those that are met with every lock and mode.
const DELIVERIES: [DeliveryKind; 2] = [DeliveryKind::Direct, DeliveryKind::Channel];

fn named() -> impl Iterator<Item = Cell> {
    NAMED.into_iter().flat_map(|named| {
        [1, 2].map(|instances| Cell { map: StrategyMap::all(named.strategy), instances })
    })
}

/// Several strategies beside each other.
fn mixed() -> impl Iterator<Item = Cell> {
    let maps = [
        "conditional charge=unsafe",
        "pessimistic pay=optimistic charge=batched",
        // Payments cross lanes in one step.
        "kafka parting=false",
    ];
    maps.into_iter().map(|map| Cell { map: map.parse().unwrap(), instances: 2 })
}

/// Each lock with each mode; deliveries and instances take turns, so that each of them meets each
/// lock and each mode.
fn sample() -> Vec<Cell> {
    let mut cells: Vec<Cell> = named().chain(mixed()).collect();
    for (row, lock) in LockKind::ALL.into_iter().enumerate() {
        for (column, mode) in Mode::ALL.into_iter().enumerate() {
            let delivery = DELIVERIES[(row + column) % 2];
            let instances = 1 + (row + column / 2) % 2;
            let map = StrategyMap::all(Strategy::new(delivery, lock, mode));
            if !cells.iter().any(|known| known.map == map && known.instances == instances) {
                cells.push(Cell { map, instances });
            }
        }
    }
    cells
}

fn all() -> Vec<Cell> {
    let travels =
        |cell: &Cell| cell.map.strategies().iter().any(|one| !DELIVERIES.contains(&one.delivery));
    let mut cells: Vec<Cell> = mixed().chain(named().filter(travels)).collect();
    for delivery in DELIVERIES {
        for lock in LockKind::ALL {
            for mode in Mode::ALL {
                let map = StrategyMap::all(Strategy::new(delivery, lock, mode));
                cells.extend([1, 2].map(|instances| Cell { map: map.clone(), instances }));
            }
        }
    }
    cells
}

/// Sends everybody at once, and counts.
fn run(server: Server, cell: &Cell, redis: &str) -> Harm {
    let store = server.fresh().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let migrate = ["migrate", "--without-guards", "--store", &store];
    assert_eq!(admitone(&migrate, directory.path()).0, 0);
    import(directory.path(), &store, SEATS, None);
    slow(server, &store);
    let map = cell.map.to_string();
    let mut flags = vec!["--store", &store, "--strategy", &map, "--redis", redis, "--allow-unsafe"];
    let brokers = cell.brokers();
    flags.extend(brokers.iter().flat_map(|(flag, address)| [*flag, address.as_str()]));
    let house = || {
        let mut command = serve(directory.path(), &flags);
        command.env("ADMITONE_KAFKA_LANES", "4");
        if cell.has_lanes() {
            // Two lanes are seldom settled by the same worker.
            command.env("ADMITONE_WORKERS", "2");
        }
        House::run(command, directory.path())
    };
    let houses: Vec<House> = (0..cell.instances).map(|_| house()).collect();
    let front = Front::of(&houses.iter().collect::<Vec<_>>(), SEATS);
    let rich = Shopper::new(&front, 0);
    let gate = Barrier::new(BUYERS + LEAVING);
    let (told, gone): (Vec<(Vec<String>, i64, Shopper<'_>)>, i64) = std::thread::scope(|scope| {
        let buyers: Vec<_> = (0..BUYERS)
            .map(|number| {
                let (buyer, rich) = (Shopper::new(&front, number), rich.beside(number + 1));
                let gate = &gate;
                scope.spawn(move || {
                    gate.wait();
                    visit(buyer, rich)
                })
            })
            .collect();
        let leaving: Vec<_> = (0..LEAVING)
            .map(|number| {
                let (buyer, gate) = (Shopper::new(&front, BUYERS + number), &gate);
                scope.spawn(move || {
                    gate.wait();
                    leave(buyer)
                })
            })
            .collect();
        let told = buyers.into_iter().map(|buyer| buyer.join().unwrap()).collect();
        (told, leaving.into_iter().map(|buyer| buyer.join().unwrap()).sum())
    });
    let held = told.iter().map(|(held, ..)| held.len()).sum::<usize>();
    let charged = told.iter().map(|(_, charged, _)| charged).sum::<i64>();
    let mut money = charged - balance(&mut rich.beside(0)) + gone;
    if cell.has_lanes() {
        money += told.into_iter().map(|(held, _, buyer)| pay_all(&held, buyer).abs()).sum::<i64>();
    }
    assert!(houses.into_iter().all(House::stop));
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert!(code == 0 || code == 1, "{said}");
    assert!(held >= SEATS, "{map}: only {held} were held");
    Harm { seats: held - SEATS, money, findings: code == 1 }
}

fn balance(buyer: &mut Shopper<'_>) -> i64 {
    buyer.send("GET /api/v1/wallet", "").json()["balance"].as_i64().unwrap()
}

/// Tries to hold each seat, charges in between; what it got, and how much was charged.
fn visit<'a>(mut buyer: Shopper<'a>, mut rich: Shopper<'a>) -> (Vec<String>, i64, Shopper<'a>) {
    let (mut held, mut charged) = (Vec::new(), 0);
    for seat in 1..=SEATS {
        let wish = format!(r#"{{"show":"show_1","seats":["seat_{seat}"]}}"#);
        let answer = buyer.send("POST /api/v1/reservations", &wish);
        if answer.status == 201 {
            held.push(answer.json()["id"].as_str().unwrap().to_owned());
        }
        charged += charge(&mut rich, 1);
    }
    (held, charged, buyer)
}

fn charge(buyer: &mut Shopper<'_>, amount: i64) -> i64 {
    let wish = format!(r#"{{"amount":{amount}}}"#);
    let answer = buyer.send("POST /api/v1/wallet/charges", &wish);
    if answer.status == 201 { amount } else { 0 }
}

/// Closes an account while its wallet is charged; what came into it and is not there. With an account that is closed
/// nothing is: whoever was charged before could not close it, and whoever closed it is not charged.
fn leave(mut buyer: Shopper<'_>) -> i64 {
    let mut beside = buyer.beside(200);
    let (charged, closed) = std::thread::scope(|scope| {
        let charged = scope.spawn(move || charge(&mut beside, 1));
        let closed = buyer.send("DELETE /api/v1/users/me", "");
        (charged.join().unwrap(), closed)
    });
    match closed.status {
        // Or it was answered late, and the token is not taken any more.
        204 | 401 => charged,
        409 => charged - balance(&mut buyer),
        _ => panic!("{}", closed.body),
    }
}

/// Pays for what a buyer holds while money comes into the same wallet; what is missing in it.
fn pay_all(held: &[String], mut buyer: Shopper<'_>) -> i64 {
    if held.is_empty() {
        return 0;
    }
    let mut charged = charge(&mut buyer, PRICE * i64::try_from(held.len()).unwrap());
    let mut beside = buyer.beside(100);
    let (more, paid) = std::thread::scope(|scope| {
        let gifts = scope.spawn(move || (0..GIFTS).map(|_| charge(&mut beside, 1)).sum::<i64>());
        let pay = |reservation: &String| {
            let answer = buyer
                .send("POST /api/v1/payments", &format!(r#"{{"reservation":"{reservation}"}}"#));
            assert_eq!(answer.status, 201, "{}", answer.body);
            assert_eq!(answer.json()["reservation"]["state"], "sold", "{}", answer.body);
            PRICE
        };
        let paid = held.iter().map(pay).sum::<i64>();
        (gifts.join().unwrap(), paid)
    });
    charged += more;
    charged - paid - balance(&mut buyer)
}

/// Whoever writes seats or wallets sleeps first, behind what it read.
fn slow(server: Server, store: &str) {
    let sql = match server {
        Server::Postgres => {
            "CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$; \
             CREATE TRIGGER nap BEFORE INSERT OR UPDATE ON seat FOR EACH STATEMENT \
             EXECUTE FUNCTION nap(); \
             CREATE TRIGGER nap BEFORE INSERT OR UPDATE ON wallet FOR EACH STATEMENT \
             EXECUTE FUNCTION nap()"
        }
        Server::Mariadb => {
            "CREATE TRIGGER nap_1 BEFORE INSERT ON seat FOR EACH ROW DO SLEEP(0.02); \
             CREATE TRIGGER nap_2 BEFORE UPDATE ON seat FOR EACH ROW DO SLEEP(0.02); \
             CREATE TRIGGER nap_3 BEFORE INSERT ON wallet FOR EACH ROW DO SLEEP(0.02); \
             CREATE TRIGGER nap_4 BEFORE UPDATE ON wallet FOR EACH ROW DO SLEEP(0.02)"
        }
    };
    execute(store, sql);
}
