//! The confirmation of the reference system through Kafka: the gateway is asked, what it said travels, and
//! consumers take from the ticket type and store the payment, in batches; one of them is killed.

use super::flags;
use crate::gateway::{Gateway, Place};
use crate::jobs::Work;
use crate::process::{Connection, House, admitone, serve};
use crate::shared_store::Server;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const TICKETS: usize = 40;
/// More than there are tickets.
const MEMBERS: usize = 48;
/// Nobody asks more often, with a tenth of a second in between.
const TRIES_MAX: u32 = 600;
const SECRET: (&str, &str) = ("ADMITONE_GATEWAY_SECRET_KEY", "test_sk_admitone");

#[test]
fn confirmed_payments_come_through_kafka_in_batches_though_a_worker_is_killed() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let Some(flags) = flags(&store, "kafka-batch") else { return };
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), &store);
    let place = Place::keep();
    let gateway = Gateway::start(directory.path(), &place, None);
    let asked = place.url();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let lanes = ("ADMITONE_KAFKA_LANES", "4");
    // Whoever settles asks the gateway.
    let variables = [("ADMITONE_GATEWAY", asked.as_str()), SECRET, lanes];
    let watched = [&flags[..], &["--metrics", "127.0.0.1:0"]].concat();
    let first = Work::start(directory.path(), &watched, &variables);
    let second = Work::start(directory.path(), &watched, &variables);
    let house = accepts(directory.path(), &flags, &variables);
    let confirmed = AtomicUsize::new(0);
    let (refused, before) = std::thread::scope(|scope| {
        let members: Vec<_> = (0..MEMBERS)
            .map(|member| {
                let (address, confirmed) = (&house.address, &confirmed);
                scope.spawn(move || usize::from(!confirm(address, member, confirmed)))
            })
            .collect();
        while confirmed.load(Ordering::SeqCst) < TICKETS / 4 {
            assert!(members.iter().any(|member| !member.is_finished()), "nobody is confirmed");
            std::thread::sleep(Duration::from_millis(5));
        }
        let before = batches(second.address.as_deref().unwrap());
        drop(second);
        let refused = members.into_iter().map(|member| member.join().unwrap()).sum::<usize>();
        (refused, before)
    });
    assert_eq!((confirmed.into_inner(), refused), (TICKETS, MEMBERS - TICKETS));
    assert_eq!(gateway.balance("delay"), 10 * i64::try_from(TICKETS).unwrap());
    // Whichever of them had the lane of these tickets.
    let after = batches(first.address.as_deref().unwrap());
    let (batches, commands) = (before.0 + after.0, before.1 + after.1);
    assert!(batches < commands, "{commands} commands in {batches} batches");
    assert!(house.stop());
    drop(first);
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
}

/// A house that settles nothing itself.
fn accepts(directory: &Path, flags: &[&str], variables: &[(&str, &str)]) -> House {
    let mut command = serve(directory, &[flags, &["--reference-routes"]].concat());
    command.envs(variables.iter().copied()).envs([
        ("ADMITONE_WORKERS", "0"),
        ("ADMITONE_DELIVERY_WAIT_MS", "60000"),
        ("ADMITONE_DELIVERY_DEADLINE_MS", "60000"),
        ("ADMITONE_ANSWER_MS", "70000"),
    ]);
    House::run(command, directory)
}

/// Confirms a member's order until it is known what became of it; whether there is a ticket.
fn confirm(address: &str, member: usize, confirmed: &AtomicUsize) -> bool {
    let body = json!({
        "paymentKey": format!("delay-20.m{member}"), "orderId": format!("order-{member}"),
        "amount": 10, "ticketTypeId": 1, "memberId": member,
    });
    let mut connection = Connection::try_to(address).unwrap();
    for _ in 0..TRIES_MAX {
        let answer = connection.send("POST /v1/api/payments/confirm", &[], &body.to_string());
        match answer.status {
            200 => {
                confirmed.fetch_add(1, Ordering::SeqCst);
                return true;
            }
            409 if answer.body.contains("SOLD_OUT") => return false,
            // Not known yet, or all are held and some may come back.
            202 | 409 | 503 => std::thread::sleep(Duration::from_millis(100)),
            _ => panic!("{}: {}", answer.status, answer.body),
        }
    }
    panic!("never known: member {member}")
}

/// How many batches a worker settled, and how many commands in them; none are not among its figures.
fn batches(address: &str) -> (f64, f64) {
    let figures = Connection::try_to(address).unwrap().get("/metrics", &[]).body;
    let figure = |name: &str| {
        let line = figures.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0.0, |figure| figure.trim().parse().unwrap())
    };
    (figure("admitone_batch_commands_count"), figure("admitone_batch_commands_sum"))
}

/// So many tickets of one type.
fn sale(directory: &Path, store: &str) {
    let show = json!({
        "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
        "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
        "hold_seconds": 60,
        "ticket_types": [{ "name": "Standing", "price": 10, "quantity": TICKETS }],
    });
    let concert = json!({ "name": "One", "category": "rock", "shows": [show] });
    let programme = directory.join("programme.json");
    std::fs::write(&programme, json!({ "rooms": [], "concerts": [concert] }).to_string()).unwrap();
    let import = ["import", programme.to_str().unwrap(), "--store", store];
    let (code, said) = admitone(&import, directory);
    assert_eq!(code, 0, "{said}");
}
