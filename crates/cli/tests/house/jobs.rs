//! Commands that travel through the queue of jobs: instances that only accept, workers that only
//! settle, and one that is killed.

mod desk;

use crate::buyer::Buyer;
use crate::endpoint::Endpoint;
use crate::operators::{Browser, QUEUES};
use crate::process::{Answer, Connection, House, admitone};
use crate::redis::shared;
use crate::shared_store::{Server, execute};
use crate::shopper::{Front, PATIENCE, Shopper, import};
use crate::stream::Stream;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SEATS: usize = 4;

/// A running `admitone work`. Dropped, it is killed.
pub(crate) struct Work {
    child: Child,
    /// Where it shows its figures, if it was told to.
    pub(crate) address: Option<String>,
}

impl Work {
    pub(crate) fn start(directory: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
        command.args(["work", "--data-dir"]).arg(directory).args(flags).stdout(Stdio::piped());
        command.env("ADMITONE_WEBHOOKS_PRIVATE_ADDRESSES", "true");
        command.envs(variables.iter().copied());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = said.next().expect("work ended before it said anything").unwrap();
        assert!(first.contains("works for "), "{first}");
        let address = flags.contains(&"--metrics").then(|| {
            let second = said.next().unwrap().unwrap();
            second.split('/').nth(2).unwrap().to_owned()
        });
        Self { child, address }
    }

    /// Asks it to end and waits; whether it ended well.
    fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An instance with its own configuration of deliveries.
fn accepts(directory: &Path, flags: &[&str], deliveries: &[(&str, &str)]) -> House {
    let mut command = crate::process::serve(directory, flags);
    for (name, value) in deliveries {
        command.env(name, value);
    }
    House::run(command, directory)
}

struct Setting {
    directory: tempfile::TempDir,
    store: String,
    redis: String,
    operator_key: String,
}

impl Setting {
    fn new() -> Option<Self> {
        let (store, redis) = (Server::Postgres.fresh()?, shared()?);
        let directory = tempfile::tempdir().unwrap();
        import(directory.path(), &store, SEATS, None);
        // Before there is an instance that only accepts: who asks for the first operator waits.
        let add = ["user", "--store", &store, "add", "desk"];
        let said = Command::new(env!("CARGO_BIN_EXE_admitone")).args(add).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        std::fs::write(directory.path().join("was-started"), "").unwrap();
        let key = said.lines().find_map(|line| line.strip_prefix("operator key: "));
        let operator_key = key.unwrap().to_owned();
        Some(Self { directory, store, redis, operator_key })
    }

    fn flags(&self) -> Vec<&str> {
        vec!["--store", &self.store, "--strategy", "job-queue", "--redis", &self.redis]
    }

    fn accepts(&self, deliveries: &[(&str, &str)]) -> House {
        accepts(self.directory.path(), &self.flags(), deliveries)
    }

    fn work(&self) -> Work {
        Work::start(self.directory.path(), &self.flags(), &[])
    }

    /// Runs `admitone queue`.
    fn queue(&self, task: &[&str]) -> String {
        let (task, rest) = task.split_first().unwrap();
        let arguments = [&["queue"][..], &self.flags(), &[*task], rest].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_admitone")).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    fn verified(&self) {
        let (code, said) = admitone(&["verify", "--store", &self.store], self.directory.path());
        assert_eq!(code, 0, "{said}");
    }
}

const NO_WORKERS: [(&str, &str); 2] =
    [("ADMITONE_WORKERS", "0"), ("ADMITONE_DELIVERY_WAIT_MS", "1000")];

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}

/// Where an accepted command is asked for.
fn location(accepted: &Answer) -> String {
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    assert!(accepted.has_header("retry-after: 1"), "{}", accepted.head);
    let id = accepted.json()["id"].as_str().unwrap().to_owned();
    let place = format!("/api/v1/commands/{id}");
    assert!(accepted.has_header(&format!("location: {place}")), "{}", accepted.head);
    place
}

fn state(of: &Value) -> &str {
    of["state"].as_str().unwrap()
}

#[test]
fn a_killed_workers_jobs_are_taken_over_and_done_once() {
    let Some(setting) = Setting::new() else { return };
    execute(
        &setting.store,
        "CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$; \
         CREATE TRIGGER nap BEFORE INSERT OR UPDATE ON wallet FOR EACH STATEMENT \
         EXECUTE FUNCTION nap()",
    );
    let house = setting.accepts(&[("ADMITONE_WORKERS", "0")]);
    let first = setting.work();
    let front = Front::of(&[&house], SEATS);
    let told: i64 = std::thread::scope(|scope| {
        let buyers: Vec<_> = (0..8)
            .map(|number| {
                let front = &front;
                scope.spawn(move || {
                    let mut buyer = Shopper::new(front, number);
                    let mut charged = 0;
                    for _ in 0..4 {
                        let paid_in = buyer.send("POST /api/v1/wallet/charges", r#"{"amount":1}"#);
                        assert_eq!(paid_in.status, 201, "{}", paid_in.body);
                        charged += 1;
                    }
                    let wallet = buyer.send("GET /api/v1/wallet", "").json();
                    assert_eq!(wallet["balance"].as_i64(), Some(charged), "done once each");
                    charged
                })
            })
            .collect();
        // In the middle of a batch, which sleeps.
        until("a worker has jobs", || {
            let queues: Value = serde_json::from_str(&setting.queue(&["list", "--json"])).unwrap();
            (queues[0]["running"].as_u64()? > 0).then_some(())
        });
        drop(first);
        let _second = setting.work();
        let told = buyers.into_iter().map(|buyer| buyer.join().unwrap()).sum();
        until("what the first one left over is taken over", || {
            let queues: Value = serde_json::from_str(&setting.queue(&["list", "--json"])).unwrap();
            let open = queues[0]["running"].as_u64()? + queues[0]["waiting"].as_u64()?;
            (open == 0).then_some(())
        });
        told
    });
    assert_eq!(told, 32);
    let queues: Value = serde_json::from_str(&setting.queue(&["list", "--json"])).unwrap();
    assert_eq!(queues[0]["dead"].as_u64(), Some(0), "{queues}");
    assert!(house.stop());
    setting.verified();
}

#[test]
fn leftovers_of_an_earlier_run_do_not_sell_out_the_next() {
    let Some(setting) = Setting::new() else { return };
    for (deadline_ms, is_booked) in [("3000", false), ("600000", true)] {
        let deadline = ("ADMITONE_DELIVERY_DEADLINE_MS", deadline_ms);
        let house = setting.accepts(&[NO_WORKERS[0], deadline]);
        let front = Front::of(&[&house], SEATS);
        // Whoever opens an account waits for nobody here: with workers of this instance alone.
        let worker = setting.work();
        let mut ann = Shopper::new(&front, 0);
        drop(worker);
        let wish = r#"{"show":"show_1","best_available":{"quantity":1}}"#;
        let place = location(&ann.send_async("POST /api/v1/reservations", wish));
        assert_eq!(state(&ann.send(&format!("GET {place}"), "").json()), "accepted");
        assert!(house.stop());
        std::thread::sleep(Duration::from_millis(3_500));
        let house = setting.accepts(&[]);
        front.addresses.lock().unwrap().clone_from(&vec![house.address.clone()]);
        let became = until("an answer", || {
            let became = ann.send(&format!("GET {place}"), "").json();
            ["done", "refused"].contains(&state(&became)).then_some(became)
        });
        if is_booked {
            assert_eq!(state(&became), "done", "the twin: {became}");
        } else {
            assert_eq!(became["problem"]["code"].as_str(), Some("DEADLINE_PASSED"), "{became}");
        }
        assert!(house.stop());
    }
    setting.verified();
}

#[test]
fn any_instance_tells_the_outcome_to_who_asked_and_to_nobody_else() {
    let Some(setting) = Setting::new() else { return };
    let houses = [setting.accepts(&NO_WORKERS), setting.accepts(&NO_WORKERS)];
    let worker = setting.work();
    let front = Front::of(&[&houses[0]], SEATS);
    let (ann, mut bob) = (Shopper::new(&front, 0), Shopper::new(&front, 0));
    drop(worker);
    setting.queue(&["pause", "job-queue"]);
    let worker = setting.work();
    let charge = r#"{"amount":7}"#;
    let preferred = ann.send_async("POST /api/v1/wallet/charges", charge);
    assert!(preferred.has_header("preference-applied: respond-async"), "{}", preferred.head);
    let place = location(&preferred);
    // Without the preference it is waited for, and then the same.
    let waited = ann.ask("POST /api/v1/wallet/charges", charge);
    assert!(!waited.has_header("preference-applied: respond-async"));
    location(&waited);
    assert_eq!(bob.send(&format!("GET {place}"), "").status, 404);
    let headers = [("authorization", ann.token())];
    let (_, mut stream) = Stream::open(&houses[1].address, &headers, &format!("{place}/events"));
    assert_eq!(state(&stream.next().1), "accepted");
    let jobs = setting.queue(&["jobs", "job-queue", "--state", "waiting"]);
    assert!(jobs.matches("charge by ").count() == 2, "{jobs}");
    assert!(setting.queue(&["list"]).contains("paused"));
    setting.queue(&["resume", "job-queue"]);
    let (name, told) = stream.next();
    assert_eq!((name.as_str(), state(&told)), ("command", "done"), "{told}");
    assert_eq!(told["outcome"]["entry"]["amount"].as_i64(), Some(7), "{told}");
    let mut there = houses[1].connect();
    let same = there.get(&place, &headers).json();
    assert_eq!((state(&same), &same["outcome"]), ("done", &told["outcome"]));
    drop(worker);
    assert!(houses.into_iter().all(House::stop));
}

#[test]
fn operators_see_the_queue_and_what_is_in_it() {
    let Some(setting) = Setting::new() else { return };
    let house = setting.accepts(&NO_WORKERS[1..]);
    let key = setting.operator_key.clone();
    let bearer = format!("Bearer {key}");
    let staff = [("authorization", bearer.as_str())];
    let mut desk = house.connect();
    let acted = |desk: &mut crate::process::Connection, action: &str| {
        let path = format!("POST /api/v1/operator/queues/job-queue/{action}");
        desk.send(&path, &staff, "").status
    };
    let front = Front::of(&[&house], SEATS);
    let leaving = Shopper::new(&front, 1);
    assert_eq!(acted(&mut desk, "actions/pause?why=too+many"), 200);
    let opened = house.connect().send(
        "POST /api/v1/users",
        &[("content-type", "application/json")],
        r#"{"name":"late"}"#,
    );
    location(&opened);
    let queue = || {
        let listed = house.connect().get("/api/v1/operator/queues", &staff).json();
        listed["data"][0].clone()
    };
    let waiting = queue();
    assert_eq!(
        (waiting["waiting"].as_u64(), waiting["is_paused"].as_bool()),
        (Some(1), Some(true))
    );
    let jobs = desk.get("/api/v1/operator/queues/job-queue/jobs?state=waiting", &staff).json();
    assert_eq!(jobs["data"][0]["operation"], "operate", "{jobs}");
    let id = jobs["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(acted(&mut desk, &format!("jobs/{id}/actions/drop")), 200);
    assert_eq!(acted(&mut desk, &format!("jobs/{id}/actions/drop")), 404, "it is gone");
    // It goes the way of charges, and is called what it is, also by the command.
    location(&leaving.send_async("DELETE /api/v1/users/me", ""));
    let jobs = desk.get("/api/v1/operator/queues/job-queue/jobs?state=waiting", &staff).json();
    assert_eq!(jobs["data"][0]["operation"], "close_account", "{jobs}");
    let said = setting.queue(&["jobs", "job-queue", "--state", "waiting"]);
    assert!(said.contains("close_account by "), "{said}");
    let told = setting.queue(&["jobs", "job-queue", "--state", "waiting", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told[0]["id"], &told[0]["operation"]),
        (&jobs["data"][0]["id"], &json!("close_account"))
    );
    // Of this century, in milliseconds.
    let since_ms = told[0]["since_ms"].as_i64().unwrap();
    assert!((1_000_000_000_000..4_200_000_000_000).contains(&since_ms), "{told}");
    assert_eq!(told[0]["state"], "waiting", "{told}");
    let id = jobs["data"][0]["id"].as_str().unwrap();
    assert_eq!(acted(&mut desk, &format!("jobs/{id}/actions/drop")), 200);
    assert_eq!(queue()["waiting"].as_u64(), Some(0));
    let unknown = "POST /api/v1/operator/queues/none/actions/pause";
    assert_eq!(desk.send(unknown, &staff, "").status, 404);
    // The page does the same.
    assert_eq!(desk.get(QUEUES, &[]).status, 401);
    let mut browser = Browser::staff(&house, &key);
    let page = browser.get(&format!("{QUEUES}?queue=job-queue&state=dead"));
    assert!(page.status == 200 && page.body.contains("job-queue: put away"), "{}", page.body);
    let pressed = browser.post(QUEUES, QUEUES, "queue=job-queue&action=resume&job=");
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    assert_eq!(Shopper::new(&front, 0).send("GET /api/v1/wallet", "").status, 200);
    assert!(queue()["done"].as_u64() > Some(0));
    // Whoever did it is told of, also while commands waited; and of what could not be done, that it was not.
    let log = desk.get("/api/v1/operator/log", &staff).json();
    let of_queue = log["data"].as_array().unwrap().iter().filter(|one| one["kind"] == "queue");
    let of_queue: Vec<&Value> = of_queue.collect();
    let told: Vec<&str> = of_queue.iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(told, ["resumed", "dropped", "dropped", "dropped", "paused"], "{log}");
    let ends: Vec<&str> = of_queue.iter().map(|one| one["end"].as_str().unwrap()).collect();
    assert_eq!(ends, ["done", "done", "failed", "done", "done"], "{log}");
    assert_eq!((&of_queue[4]["by"], &of_queue[4]["why"]), (&json!("op_1"), &json!("too many")));
    assert!(house.stop());
}

#[test]
fn what_an_instance_could_not_tell_any_more_a_worker_tells() {
    let Some(setting) = Setting::new() else { return };
    let house = setting.accepts(&[("ADMITONE_WEBHOOKS_PRIVATE_ADDRESSES", "true")]);
    let shop = Endpoint::start();
    shop.answers(503);
    let bearer = format!("Bearer {}", setting.operator_key);
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "shop"),
        ("content-type", "application/json"),
    ];
    let wanted = json!({ "url": shop.url("/"), "types": ["wallet.*"] }).to_string();
    let made = house.connect().send("POST /api/v1/operator/endpoints", &headers, &wanted);
    assert_eq!(made.status, 201, "{}", made.body);
    let charged = Buyer::new(&house).post("/api/v1/wallet/charges", r#"{"amount":1}"#);
    assert_eq!(charged.status, 201, "{}", charged.body);
    let tried = shop.until("it was tried", |all| all.first().cloned());
    house.kill();
    shop.answers(200);
    let worker = setting.work();
    let told = until("the worker tells it", || shop.taken().pop());
    assert_eq!((told.id, told.body), (tried.id, tried.body));
    drop(worker);
    setting.verified();
}

#[test]
fn a_worker_shows_that_it_works_and_its_figures_and_nothing_of_the_sale() {
    let Some(setting) = Setting::new() else { return };
    let flags = [&setting.flags()[..], &["--metrics", "127.0.0.1:0"]].concat();
    let worker = Work::start(setting.directory.path(), &flags, &[]);
    let house = setting.accepts(&NO_WORKERS);
    let mut watcher = Connection::try_to(worker.address.as_deref().unwrap()).unwrap();
    assert_eq!(watcher.get("/health/live", &[]).json()["status"], "live");
    assert_eq!(watcher.get("/health/ready", &[]).json()["status"], "ready");
    assert_eq!(watcher.get("/api/v1/concerts", &[]).status, 404);
    let charged = Buyer::new(&house).post("/api/v1/wallet/charges", r#"{"amount":1}"#);
    assert_eq!(charged.status, 201, "{}", charged.body);
    // The account and the charge.
    let done = r#"admitone_jobs_done_total{queue="job-queue"} 2"#;
    until("it counts what it did", || {
        watcher.get("/metrics", &[]).body.contains(done).then_some(())
    });
    assert!(worker.stop());
    setting.verified();
}
