//! A proxy between a house and a service of its, for faults: everything takes longer, or all
//! connections are cut. Without faults it only carries.

use crate::Trouble;
use crate::time::{nanos, pause};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    delay_ns: Arc<AtomicU64>,
    cuts: watch::Sender<u64>,
    _stop: oneshot::Sender<()>,
}

impl Proxy {
    /// Starts one in front of a service, on a thread of its own.
    pub(crate) fn start(service: SocketAddr) -> Result<Self, Trouble> {
        let doing = || Trouble::system(format!("a proxy before {service}"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(doing())?;
        listener.set_nonblocking(true).map_err(doing())?;
        let address = listener.local_addr().map_err(doing())?;
        let delay_ns = Arc::new(AtomicU64::new(0));
        let (cuts, cut) = watch::channel(0);
        let (stop, stopped) = oneshot::channel();
        let carried = Arc::clone(&delay_ns);
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
        Ok(Self { address, delay_ns, cuts, _stop: stop })
    }

    /// From here on everything is carried so much later, in both directions.
    pub(crate) fn slow(&self, by: Duration) {
        self.delay_ns.store(nanos(by), Ordering::Relaxed);
    }

    /// Ends all connections that there are.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }
}

async fn accept(
    listener: std::net::TcpListener,
    service: SocketAddr,
    delay_ns: Arc<AtomicU64>,
    cut: watch::Receiver<u64>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (delay_ns, mut cut) = (Arc::clone(&delay_ns), cut.clone());
        cut.mark_unchanged();
        connections.spawn(async move {
            // A service that is away is away behind the proxy too.
            let Ok(server) = TcpStream::connect(service).await else { return };
            drop((client.set_nodelay(true), server.set_nodelay(true)));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::select! {
                () = carry(from_client, to_server, &delay_ns) => {}
                () = carry(from_server, to_client, &delay_ns) => {}
                _ = cut.changed() => {}
            }
        });
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay_ns: &AtomicU64,
) {
    let mut bytes = vec![0; CHUNK];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        let delay = Duration::from_nanos(delay_ns.load(Ordering::Relaxed));
        if !delay.is_zero() {
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
        proxy.slow(Duration::from_millis(30));
        let clock = Stopwatch::start();
        assert_eq!(echo(2).unwrap(), 2);
        assert!(clock.seconds() >= 0.06, "{}", clock.seconds());
        proxy.cut();
        assert!(echo(3).is_err());
    }
}
