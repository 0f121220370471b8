//! A node whose machine lets everybody in and whose process stands still, one that is gone and one that lets nobody
//! in: what each who gives them up leaves behind. The test is alone in its process, because the threads of that are counted.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_rabbitmq::{RabbitCarrier, RabbitOptions};
use admitone_app::Trouble;
use admitone_app::clock::SystemClock;
use admitone_app::ports::carrier::Carrier;
use admitone_app::ports::clock::Clock;
use admitone_conformance::kept_ports::KeptPorts;
use admitone_conformance::own_broker::Broker;
use futures_util::future::join_all;
use lapin::{Connection, ConnectionProperties};
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// So many connect to it and give up.
const TIMES: usize = 20;

/// So long anything may take on a busy machine.
const PATIENCE_MS: u64 = 60_000;

/// A node that answers nobody, and the other ends of those who came.
struct Silent {
    listener: TcpListener,
    came: Vec<TcpStream>,
}

impl Silent {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener, came: Vec::new() }
    }

    fn address(&self) -> String {
        format!("amqp://{}", self.listener.local_addr().unwrap())
    }

    /// How many came until now.
    fn came(&mut self) -> usize {
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true).unwrap();
            self.came.push(stream);
        }
        self.came.len()
    }

    /// How many of them are still there.
    fn open(&mut self) -> usize {
        self.came();
        self.came.iter().filter(|stream| is_open(stream)).count()
    }
}

/// Whether whoever came has not left yet. What he said stands before that.
fn is_open(mut stream: &TcpStream) -> bool {
    use std::io::Read;
    loop {
        match stream.read(&mut [0; 64]) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// The threads of this process on which the client reads a socket.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "lapin-io-loop").count()
}

/// What is left of those who connected: threads, sockets, tasks.
fn left(silent: &mut Silent) -> (usize, usize, usize) {
    (threads(), silent.open(), Handle::current().metrics().num_alive_tasks())
}

/// The same, once it is nothing or has had its time.
async fn left_in_the_end(silent: &mut Silent) -> (usize, usize, usize) {
    for _ in 0..PATIENCE_MS / 50 {
        if left(silent) == (0, 0, 0) {
            break;
        }
        SystemClock::default().sleep_ms(50).await;
    }
    left(silent)
}

/// Whether at least so much is left, of each.
fn has(left: (usize, usize, usize), least: (usize, usize, usize)) -> bool {
    left.0 >= least.0 && left.1 >= least.1 && left.2 >= least.2
}

/// What is left a while after everybody has given up, or once at least so much is: what is tidied up late would be
/// gone by then, and what begins late on a busy machine is waited for.
async fn settled(silent: &mut Silent, least: (usize, usize, usize)) -> (usize, usize, usize) {
    SystemClock::default().sleep_ms(3_000).await;
    for _ in 0..PATIENCE_MS / 50 {
        if has(left(silent), least) {
            break;
        }
        SystemClock::default().sleep_ms(50).await;
    }
    left(silent)
}

/// Somebody who connects by the adapter, and what he is told.
async fn asks(address: &str) -> Result<(), Trouble> {
    // Only a silent one takes it.
    let patience = Duration::from_secs(3);
    let options = RabbitOptions { patience, ..RabbitOptions::new(address, "x", None) };
    RabbitCarrier::new(options, Arc::new(SystemClock::default())).unwrap().check().await
}

/// So many of them at once.
async fn all_ask(address: &str, word: &str) {
    for said in join_all((0..TIMES).map(|_| asks(address))).await {
        let said = said.unwrap_err();
        assert!(said.detail.contains(word), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_those_who_were_not_let_in_and_with_the_client_alone_all_is() {
    let mut silent = Silent::new();
    let address = silent.address();
    all_ask(&address, "no answer within").await;
    assert_eq!(left_in_the_end(&mut silent).await, (0, 0, 0), "of those who heard nothing");
    assert_eq!(silent.came(), TIMES, "each of them was there");
    let nobodys = KeptPorts::<1>::keep();
    let gone = format!("amqp://127.0.0.1:{}", nobodys.numbers()[0]);
    all_ask(&gone, "refused").await;
    assert_eq!(left_in_the_end(&mut silent).await, (0, 0, 0), "of those who were refused");
    if let Some(real) = Broker::Rabbitmq.shared() {
        all_ask(&real.replacen("guest:guest@", "guest:wrong@", 1), "ACCESS_REFUSED").await;
        assert_eq!(left_in_the_end(&mut silent).await, (0, 0, 0), "of those with a wrong password");
        assert!(join_all((0..TIMES).map(|_| asks(&real))).await.iter().all(Result::is_ok));
        assert_eq!(left_in_the_end(&mut silent).await, (0, 0, 0), "of those who were let in");
    }
    // The red twin: where this fails, the client tidies up behind itself, and `attempt` may go.
    let by_the_client = async |address| {
        let connect = Connection::connect(address, ConnectionProperties::default());
        let given_up = tokio::time::timeout(Duration::from_secs(3), connect).await;
        assert!(!given_up.is_ok_and(|said| said.is_ok()));
    };
    join_all((0..TIMES).map(|_| by_the_client(&address))).await;
    let there = settled(&mut silent, (TIMES, TIMES, TIMES)).await;
    assert!(has(there, (TIMES, TIMES, TIMES)), "all of them are still there: {there:?}");
    join_all((0..TIMES).map(|_| by_the_client(&gone))).await;
    let there = settled(&mut silent, (0, 0, 2 * TIMES)).await;
    assert!(there.2 >= 2 * TIMES, "and what works for those who were refused: {there:?}");
}
