//! A proxy between a house and a service of its, for faults: everything takes longer, or all
//! connections are cut. Without faults it only carries.

use crate::Trouble;
use crate::time::{nanos, pause};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// At most so many bytes are carried at once.
const CHUNK: usize = 1 << 16;

/// A proxy in front of a service. It ends when it is dropped, and its connections with it.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    traffic: Arc<Traffic>,
    cuts: watch::Sender<u64>,
    _stop: oneshot::Sender<()>,
}

/// What goes through a proxy.
#[derive(Default)]
struct Traffic {
    delay_ns: AtomicU64,
    /// How many connections there are.
    connections: AtomicUsize,
    /// How often something was carried later.
    slowed: AtomicU64,
}

/// A connection, for as long as it lives.
struct Through(Arc<Traffic>);

impl Through {
    fn begin(traffic: &Arc<Traffic>) -> Self {
        traffic.connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(traffic))
    }
}

impl Drop for Through {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Proxy {
    /// Starts one in front of a service, on a thread of its own.
    pub(crate) fn start(service: SocketAddr) -> Result<Self, Trouble> {
        let doing = || Trouble::system(format!("a proxy before {service}"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(doing())?;
        listener.set_nonblocking(true).map_err(doing())?;
        let address = listener.local_addr().map_err(doing())?;
        let traffic = Arc::new(Traffic::default());
        let (cuts, cut) = watch::channel(0);
        let (stop, stopped) = oneshot::channel();
        let carried = Arc::clone(&traffic);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(doing())?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, service, carried, cut) => {}
                    // Dropped without a word, which is one too.
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { address, traffic, cuts, _stop: stop })
    }

    /// From here on everything is carried so much later, in both directions.
    pub(crate) fn slow(&self, by: Duration) {
        self.traffic.delay_ns.store(nanos(by), Ordering::Relaxed);
    }

    /// Whether everything is carried later.
    #[cfg(test)]
    pub(crate) fn is_slow(&self) -> bool {
        self.traffic.delay_ns.load(Ordering::Relaxed) > 0
    }

    /// How often something was carried later until now.
    pub(crate) fn slowed(&self) -> u64 {
        self.traffic.slowed.load(Ordering::Relaxed)
    }

    /// Ends all connections that there are; how many.
    pub(crate) fn cut(&self) -> usize {
        let connections = self.traffic.connections.load(Ordering::Relaxed);
        self.cuts.send_modify(|count| *count += 1);
        connections
    }
}

async fn accept(
    listener: std::net::TcpListener,
    service: SocketAddr,
    traffic: Arc<Traffic>,
    cut: watch::Receiver<u64>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (traffic, mut cut) = (Arc::clone(&traffic), cut.clone());
        cut.mark_unchanged();
        connections.spawn(async move {
            // A service that is away is away behind the proxy too.
            let Ok(server) = TcpStream::connect(service).await else { return };
            let _through = Through::begin(&traffic);
            drop((client.set_nodelay(true), server.set_nodelay(true)));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::select! {
                () = carry(from_client, to_server, &traffic) => {}
                () = carry(from_server, to_client, &traffic) => {}
                _ = cut.changed() => {}
            }
        });
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    traffic: &Traffic,
) {
    let mut bytes = vec![0; CHUNK];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        let delay = Duration::from_nanos(traffic.delay_ns.load(Ordering::Relaxed));
        if !delay.is_zero() {
            traffic.slowed.fetch_add(1, Ordering::Relaxed);
            pause(delay).await;
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Stopwatch;
    use std::io::{Read, Write};

    #[test]
    fn what_goes_through_is_carried_slowed_and_cut() {
        let service = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start(service.local_addr().unwrap()).unwrap();
        std::thread::spawn(move || {
            let (mut server, _) = service.accept().unwrap();
            let mut byte = [0];
            while server.read_exact(&mut byte).is_ok() {
                server.write_all(&byte).unwrap();
            }
        });
        let mut client = std::net::TcpStream::connect(proxy.address).unwrap();
        let mut echo = |byte: u8| -> std::io::Result<u8> {
            client.write_all(&[byte])?;
            let mut heard = [0];
            client.read_exact(&mut heard)?;
            Ok(heard[0])
        };
        assert_eq!(echo(1).unwrap(), 1);
        assert_eq!(proxy.slowed(), 0);
        proxy.slow(Duration::from_millis(30));
        let clock = Stopwatch::start();
        assert_eq!(echo(2).unwrap(), 2);
        assert!(clock.seconds() >= 0.06, "{}", clock.seconds());
        assert_eq!(proxy.slowed(), 2, "there and back");
        assert_eq!(proxy.cut(), 1);
        assert!(echo(3).is_err());
        let unused = Proxy::start(proxy.address).unwrap();
        assert_eq!(unused.cut(), 0, "nobody goes through it");
    }
}
