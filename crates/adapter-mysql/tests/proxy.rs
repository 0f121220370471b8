//! A connection that is counted, and cut where it hurts most: around a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// Where the connection is cut, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    /// The server gets the commit and answers; the answer is thrown away.
    AfterTheCommit = 1,
    /// The server never gets it.
    BeforeTheCommit = 2,
}

/// How long a direction is silent before its turn is over, while turns are counted: an answer may
/// begin before the question has ended.
const SILENCE: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Watched {
    is_counting: AtomicBool,
    cut: AtomicU8,
    has_cut: AtomicU8,
    round_trips: AtomicU32,
}

/// A proxy in front of a server.
pub(crate) struct Proxy {
    pub(crate) url: String,
    watched: Arc<Watched>,
    _task: AbortOnDropHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(url: &str) -> Self {
        let server = url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let url = url.replace(&server, &here);
        let watched = Arc::new(Watched::default());
        let task = accept(listener, server, Arc::clone(&watched));
        let runtime = tokio::runtime::Handle::current();
        Self { url, watched, _task: AbortOnDropHandle::new(runtime.spawn(task)) }
    }

    pub(crate) fn cut_once(&self, cut: Cut) {
        self.watched.cut.store(cut as u8, Ordering::SeqCst);
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.watched.has_cut.load(Ordering::SeqCst) > 0
    }

    /// Counts from here on, slowly.
    pub(crate) fn count(&self) {
        self.watched.is_counting.store(true, Ordering::SeqCst);
    }

    pub(crate) fn round_trips(&self) -> u32 {
        self.watched.round_trips.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, server: String, watched: Arc<Watched>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&server).await.unwrap();
        connections.spawn(carry(client, server, Arc::clone(&watched)));
    }
}

impl Watched {
    /// What one side says in its turn; `None` when it has gone.
    async fn hear(&self, side: &mut OwnedReadHalf) -> Option<Vec<u8>> {
        let mut said = vec![0; 1 << 20];
        let mut length = side.read(&mut said).await.ok().filter(|length| *length > 0)?;
        while self.is_counting.load(Ordering::SeqCst) && length < said.len() {
            match tokio::time::timeout(SILENCE, side.read(&mut said[length..])).await {
                Ok(Ok(more)) if more > 0 => length += more,
                _ => break,
            }
        }
        said.truncate(length);
        Some(said)
    }
}

async fn carry(client: TcpStream, server: TcpStream, watched: Arc<Watched>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    loop {
        tokio::select! {
            asked = watched.hear(&mut from_client) => {
                let Some(asked) = asked else { return };
                watched.round_trips.fetch_add(1, Ordering::SeqCst);
                // The end of the message tells it from the name of an isolation level.
                let is_commit = asked.ends_with(b"COMMIT");
                let cut = if is_commit { watched.cut.swap(0, Ordering::SeqCst) } else { 0 };
                watched.has_cut.fetch_max(cut, Ordering::SeqCst);
                if cut == Cut::BeforeTheCommit as u8 || to_server.write_all(&asked).await.is_err() {
                    return;
                }
                if cut == Cut::AfterTheCommit as u8 {
                    // What the server says now nobody hears.
                    drop(from_server.read(&mut [0; 64]).await);
                    return;
                }
            }
            said = watched.hear(&mut from_server) => {
                let Some(said) = said else { return };
                if to_client.write_all(&said).await.is_err() {
                    return;
                }
            }
        }
    }
}
