//! A small balancer: connections to one port go to the instances in turn. It knows TCP and nothing
//! of HTTP, except how to say that nobody is there.

use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An instance of this machine that takes longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
const NOBODY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";

/// Where the instances are that are ready, and whose turn it is.
pub(crate) struct Balancer {
    places: Mutex<Vec<Option<SocketAddr>>>,
    turn: AtomicUsize,
}

impl Balancer {
    pub(crate) fn new(instances: usize) -> Self {
        Self { places: Mutex::new(vec![None; instances]), turn: AtomicUsize::new(0) }
    }

    /// Where an instance is; none while it is not ready.
    pub(crate) fn set(&self, number: usize, place: Option<SocketAddr>) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = places.get_mut(number) {
            *known = place;
        }
    }

    /// Takes connections until it is over: while the instances end, they are the ones to say so.
    pub(crate) async fn run(
        self: Arc<Self>,
        listener: TcpListener,
        tasks: TaskTracker,
        over: CancellationToken,
    ) {
        loop {
            let accepted = tokio::select! {
                () = over.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((client, _)) => {
                    let (balancer, over) = (Arc::clone(&self), over.clone());
                    tasks.spawn(async move {
                        over.run_until_cancelled(balancer.lead(client)).await;
                    });
                }
                Err(error) => {
                    // Too many open files, most likely: a pause lets some of them close.
                    tracing::warn!(%error, "cannot accept a connection");
                    SystemClock::default().sleep_ms(100).await;
                }
            }
        }
    }

    /// Leads a connection to an instance and stays until both are done.
    async fn lead(&self, mut client: TcpStream) {
        let led = match self.connect().await {
            Some(mut instance) => copy_bidirectional(&mut client, &mut instance).await.map(drop),
            None => refuse(&mut client).await,
        };
        if let Err(error) = led {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    /// The next one that is ready and takes a connection.
    async fn connect(&self) -> Option<TcpStream> {
        let ready: Vec<SocketAddr> = {
            let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            places.iter().flatten().copied().collect()
        };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for step in 0..ready.len() {
            let place = ready[(turn.wrapping_add(step)) % ready.len()];
            let connecting = TcpStream::connect(place);
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, connecting).await {
                stream.set_nodelay(true).ok()?;
                return Some(stream);
            }
        }
        None
    }
}

/// Says that nobody is there to a client who has asked: whoever is cut off while he speaks does not
/// hear it.
async fn refuse(client: &mut TcpStream) -> std::io::Result<()> {
    let mut asked = [0; 4_096];
    let listening = async {
        while client.read(&mut asked).await? == asked.len() {}
        client.write_all(NOBODY).await?;
        client.shutdown().await?;
        while client.read(&mut asked).await? > 0 {}
        std::io::Result::Ok(())
    };
    tokio::time::timeout(PATIENCE, listening).await.unwrap_or(Ok(()))
}

/// Whether an instance says that it is ready.
pub(crate) async fn is_ready(place: SocketAddr) -> bool {
    const ASKED: &[u8] =
        b"GET /health/ready HTTP/1.1\r\nhost: cluster\r\nconnection: close\r\n\r\n";
    let asking = async {
        let mut stream = TcpStream::connect(place).await?;
        stream.write_all(ASKED).await?;
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await?;
        std::io::Result::Ok(begin.ends_with(b" 200"))
    };
    matches!(tokio::time::timeout(PATIENCE, asking).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn instance() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        (listener, place)
    }

    async fn led_to(balancer: &Balancer) -> Option<SocketAddr> {
        balancer.connect().await.map(|stream| stream.peer_addr().unwrap())
    }

    #[tokio::test]
    async fn connections_go_round_and_past_whoever_is_gone() {
        let (first, at_first) = instance().await;
        let (_second, at_second) = instance().await;
        let balancer = Balancer::new(3);
        assert_eq!(led_to(&balancer).await, None, "nobody is ready");
        balancer.set(0, Some(at_first));
        balancer.set(2, Some(at_second));
        let mut met = Vec::new();
        for _ in 0..4 {
            met.extend(led_to(&balancer).await);
        }
        assert_eq!(met.iter().filter(|place| **place == at_first).count(), 2, "{met:?}");
        assert_eq!(met.iter().filter(|place| **place == at_second).count(), 2, "{met:?}");
        // It is gone before anybody noticed: who connects goes to the next one.
        drop(first);
        for _ in 0..4 {
            assert_eq!(led_to(&balancer).await, Some(at_second));
        }
        assert!(!is_ready(at_first).await);
    }
}
