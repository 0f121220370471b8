//! A server that behaves as it is told, well or not, and knows what it was asked.

use rcgen::{Certificate, CertificateParams, KeyPair};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// How it behaves once it was asked.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// Says this and closes.
    Says(String),
    /// Says this and keeps the connection.
    SaysAndStays(String),
    /// Says this to every request on a connection, and keeps it.
    SaysAgain(String),
    /// The same to the first one, and closes without a word when the second has come.
    SaysOnce(String),
    /// Keeps the connection and says nothing.
    Silent,
    /// A byte of a head ten times a second.
    Drips,
    /// Closes without a word.
    Closes,
    /// A head without an end.
    EndlessHead,
    /// A body without an end.
    EndlessBody,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    sent_bytes: AtomicUsize,
    request: Mutex<String>,
    left: Notify,
}

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    authority: String,
    seen: Arc<Seen>,
    tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::run(manner, None).await
    }

    /// One with TLS and a certificate for this name; the certificate to trust, DER.
    pub(crate) async fn start_secure(name: &str) -> (Self, Vec<u8>) {
        let (server, certificate) = Self::start_certified(name).await;
        (server, certificate.der().to_vec())
    }

    /// The same with all of the certificate.
    pub(crate) async fn start_certified(name: &str) -> (Self, Certificate) {
        let key = KeyPair::generate().unwrap();
        let named = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = named.self_signed(&key).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let says = Manner::Says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".into());
        let server = Self::run(says, Some(TlsAcceptor::from(Arc::new(config)))).await;
        (server, certificate)
    }

    async fn run(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let mut tasks = JoinSet::new();
        let noted = Arc::clone(&seen);
        tasks.spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                noted.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, manner, tls) = (Arc::clone(&noted), manner.clone(), tls.clone());
                visits.spawn(async move {
                    match tls {
                        None => visit(stream, manner, &seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => visit(stream, manner, &seen).await,
                            Err(_) => return,
                        },
                    }
                    seen.left.notify_one();
                });
            }
        });
        Self { address, authority: address.to_string(), seen, tasks }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn sent_bytes(&self) -> usize {
        self.seen.sent_bytes.load(Ordering::SeqCst)
    }

    /// The last request.
    pub(crate) fn request(&self) -> String {
        self.seen.request.lock().unwrap().clone()
    }

    /// Waits until a client has left.
    pub(crate) async fn is_left(&self) {
        self.seen.left.notified().await;
    }

    pub(crate) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn visit(mut stream: impl AsyncRead + AsyncWrite + Unpin, manner: Manner, seen: &Seen) {
    let asked = read(&mut stream).await;
    *seen.request.lock().unwrap() = asked;
    match manner {
        Manner::Says(words) => {
            let _ = stream.write_all(words.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Manner::SaysAndStays(words) => {
            let _ = stream.write_all(words.as_bytes()).await;
            stay(&mut stream).await;
        }
        Manner::SaysAgain(words) => {
            while stream.write_all(words.as_bytes()).await.is_ok() {
                let asked = read(&mut stream).await;
                if asked.is_empty() {
                    return;
                }
                *seen.request.lock().unwrap() = asked;
            }
        }
        Manner::SaysOnce(words) => {
            let _ = stream.write_all(words.as_bytes()).await;
            read(&mut stream).await;
        }
        Manner::Silent => stay(&mut stream).await,
        Manner::Drips => repeat(&mut stream, b"HTTP/1.1 200 OK\r\nx: ", b"y", 100, seen).await,
        Manner::Closes => {}
        Manner::EndlessHead => {
            repeat(&mut stream, b"HTTP/1.1 200 OK\r\nx: ", &[b'y'; 8_192], 0, seen).await;
        }
        Manner::EndlessBody => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n";
            repeat(&mut stream, head, &[b'y'; 8_192], 0, seen).await;
        }
    }
}

/// Reads a request with its body.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let (mut bytes, mut part) = (Vec::new(), [0; 4_096]);
    loop {
        let length = stream.read(&mut part).await.unwrap_or(0);
        bytes.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            length.is_some_and(|length| length.parse() == Ok(body.len()))
        });
        // Whoever speaks no TLS takes its greeting for a request.
        let is_greeting = bytes.first() == Some(&0x16);
        if length == 0 || is_whole || is_greeting {
            return text;
        }
    }
}

/// Waits until the other side leaves.
async fn stay(stream: &mut (impl AsyncRead + Unpin)) {
    let mut rest = [0; 64];
    while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
}

/// Says something again and again until nobody listens.
async fn repeat(
    stream: &mut (impl AsyncWrite + Unpin),
    first: &[u8],
    again: &[u8],
    pause_ms: u64,
    seen: &Seen,
) {
    let mut said = stream.write_all(first).await;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(pause_ms.max(1)));
    while said.is_ok() {
        if pause_ms > 0 {
            ticks.tick().await;
        }
        said = stream.write_all(again).await;
        seen.sent_bytes.fetch_add(again.len(), Ordering::SeqCst);
    }
}
