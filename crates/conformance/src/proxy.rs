//! A proxy between a house and a server: it counts round trips, cuts a connection where it hurts
//! most, around a commit, and makes the weather of a bad network on a schedule that a seed repeats.

mod commits;
mod weather;

use crate::CaseFuture;
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use commits::Commits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use weather::Fault;

/// Where the connection is cut, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// The server gets the commit and answers; the answer is thrown away.
    AfterTheCommit = 1,
    /// The server never gets it.
    BeforeTheCommit = 2,
}

/// Where a batch is held up, once, until it is let go on. Only a batch that is saved in a transaction
/// of its own is meant, as all but the locking modes do on a PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Hold {
    /// It has loaded, and its save is on the way.
    BeforeTheSave = 1,
    /// It is saved, and its commit is on the way.
    BeforeTheCommit = 2,
}

/// What a batch begins with that is saved in a transaction of its own.
const SAVES: &[u8] = b"BEGIN ISOLATION LEVEL READ COMMITTED";

/// How long a direction is silent before its turn is over, while turns are counted: an answer may
/// begin before the question has ended.
const SILENCE: Duration = Duration::from_millis(20);

/// At most so many bytes are read at once.
const CHUNK: usize = 1 << 16;

/// What a proxy did to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// How often something was carried late.
    pub delayed: u32,
    /// Connections that were closed.
    pub cut: u32,
    /// Connections of which one direction was closed.
    pub half_closed: u32,
    /// Connections that were reset.
    pub reset: u32,
}

#[derive(Default)]
struct Watched {
    is_counting: AtomicBool,
    cut: AtomicU8,
    has_cut: AtomicU8,
    round_trips: AtomicU32,
    /// The seed of the weather; zero is good weather.
    weather: AtomicU64,
    faults: [AtomicU32; 4],
    /// Where the next batch is held up, and whether one is.
    hold: AtomicU8,
    is_holding: AtomicBool,
    /// How many connections there were, and how many of the first ones are forgotten.
    connections: AtomicU64,
    forgotten: AtomicU64,
    clock: SystemClock,
}

/// A proxy in front of a server. It ends when it is dropped, and its connections with it.
pub struct Proxy {
    /// The server's address as it is behind the proxy.
    pub url: String,
    watched: Arc<Watched>,
    _stop: oneshot::Sender<()>,
}

impl Proxy {
    /// Starts one in front of the server of a URL, on a thread of its own.
    ///
    /// # Panics
    /// Panics if nothing can be listened to here.
    pub fn start(url: &str) -> Self {
        let server = authority(url).to_owned();
        let listener = std::net::TcpListener::bind("127.0.0.1:0");
        let listener = listener.unwrap_or_else(|error| panic!("{error}"));
        let here = listener.local_addr().unwrap_or_else(|error| panic!("{error}")).to_string();
        let url = url.replacen(&server, &here, 1);
        let watched = Arc::new(Watched::default());
        let (stop, stopped) = oneshot::channel();
        let task: CaseFuture = Box::pin(accept(listener, server, Arc::clone(&watched)));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap_or_else(|error| panic!("{error}")).block_on(async {
                tokio::select! {
                    () = task => (),
                    _ = stopped => (),
                }
            });
        });
        Self { url, watched, _stop: stop }
    }

    /// Cuts the next connection that commits.
    pub fn cut_once(&self, cut: Cut) {
        self.watched.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// Whether one was cut so.
    pub fn has_cut(&self) -> bool {
        self.watched.has_cut.load(Ordering::SeqCst) > 0
    }

    /// Holds the next batch up.
    pub fn hold_once(&self, hold: Hold) {
        self.watched.hold.store(hold as u8, Ordering::SeqCst);
    }

    /// Whether a batch is held up.
    pub fn is_holding(&self) -> bool {
        self.watched.is_holding.load(Ordering::SeqCst)
    }

    /// Lets it go on.
    pub fn let_go(&self) {
        self.watched.is_holding.store(false, Ordering::SeqCst);
    }

    /// Counts from here on, slowly.
    pub fn count(&self) {
        self.watched.is_counting.store(true, Ordering::SeqCst);
    }

    /// How many questions were asked.
    pub fn round_trips(&self) -> u32 {
        self.watched.round_trips.load(Ordering::SeqCst)
    }

    /// The weather from here on is bad: the same for the same seed.
    pub fn storm(&self, seed: u64) {
        self.watched.weather.store(seed.max(1), Ordering::SeqCst);
    }

    /// The weather is good again.
    pub fn calm(&self) {
        self.watched.weather.store(0, Ordering::SeqCst);
    }

    /// Forgets the connections that are open: nothing is carried on them any more, and nobody is
    /// told.
    pub fn forget(&self) {
        let open = self.watched.connections.load(Ordering::SeqCst);
        self.watched.forgotten.store(open, Ordering::SeqCst);
    }

    /// What it did so far.
    pub fn faults(&self) -> Faults {
        let [delayed, cut, half_closed, reset] =
            self.watched.faults.each_ref().map(|count| count.load(Ordering::SeqCst));
        Faults { delayed, cut, half_closed, reset }
    }
}

/// The host and the port of a URL.
fn authority(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    let end = behind.find(['/', '?']).unwrap_or(behind.len());
    let whole = &behind[..end];
    whole.rsplit_once('@').map_or(whole, |(_, host)| host)
}

async fn accept(listener: std::net::TcpListener, server: String, watched: Arc<Watched>) {
    let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    let listener = listener.unwrap_or_else(|error| panic!("{error}"));
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = watched.connections.fetch_add(1, Ordering::SeqCst) + 1;
        // A server that is away is away behind the proxy too.
        if let Ok(server) = TcpStream::connect(&server).await {
            connections.spawn(carry(client, server, number, Arc::clone(&watched)));
        }
    }
}

impl Watched {
    /// What one side says in its turn behind what was heard already, while turns are counted.
    async fn hear_out(&self, side: &mut (impl AsyncRead + Unpin), said: &mut Vec<u8>) {
        while self.is_counting.load(Ordering::SeqCst) {
            match tokio::time::timeout(SILENCE, side.read_buf(said)).await {
                Ok(Ok(more)) if more > 0 => {}
                _ => return,
            }
        }
    }

    /// Carries a question to the server; `None` where the connection is cut for it.
    async fn ask(
        &self,
        (said, commits): (&[u8], bool),
        to_server: &mut (impl AsyncWrite + Unpin),
        from_server: &mut (impl AsyncRead + Unpin),
    ) -> Option<std::io::Result<()>> {
        self.round_trips.fetch_add(1, Ordering::SeqCst);
        let cut = if commits { self.cut.swap(0, Ordering::SeqCst) } else { 0 };
        self.has_cut.fetch_max(cut, Ordering::SeqCst);
        if cut == Cut::BeforeTheCommit as u8 {
            return None;
        }
        let carried = to_server.write_all(said).await;
        if cut == Cut::AfterTheCommit as u8 {
            // What the server says now nobody hears.
            drop(from_server.read(&mut [0; 64]).await);
            return None;
        }
        Some(carried)
    }

    async fn hold_up_if_wanted(&self, said: &[u8], commits: bool, is_saving: &mut bool) {
        if said.windows(SAVES.len()).any(|words| words == SAVES) {
            *is_saving = true;
            self.hold_up(Hold::BeforeTheSave).await;
        } else if *is_saving && commits {
            *is_saving = false;
            self.hold_up(Hold::BeforeTheCommit).await;
        }
    }

    /// Waits, if a batch is to be held up here.
    async fn hold_up(&self, hold: Hold) {
        let here = hold as u8;
        let asked = self.hold.compare_exchange(here, 0, Ordering::SeqCst, Ordering::SeqCst);
        self.is_holding.fetch_or(asked.is_ok(), Ordering::SeqCst);
        while asked.is_ok() && self.is_holding.load(Ordering::SeqCst) {
            self.clock.sleep_ms(5).await;
        }
    }

    /// What becomes of the connection now; it is counted.
    fn fault(&self, connection: u64, turn: u64) -> Option<Fault> {
        let seed = self.weather.load(Ordering::SeqCst);
        let fault = weather::of(seed, connection, turn).filter(|_| seed > 0)?;
        let kind = match fault {
            Fault::Delay(_) => 0,
            Fault::Cut => 1,
            Fault::DeafClient | Fault::DeafServer => 2,
            Fault::Reset => 3,
        };
        self.faults[kind].fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, number: u64, watched: Arc<Watched>) {
    if !carry_until_it_ends((&mut client, &mut server), number, &watched).await {
        for stream in [client, server] {
            // What was not sent is thrown away, and the other side is told that it was.
            let _ = stream.set_zero_linger();
        }
    }
}

/// Whether it ended as connections do; else it is to be reset.
async fn carry_until_it_ends(
    (client, server): (&mut TcpStream, &mut TcpStream),
    number: u64,
    watched: &Watched,
) -> bool {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let (mut hears_client, mut hears_server, mut is_saving) = (true, true, false);
    let (mut asked, mut told) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut commits = Commits::default();
    for turn in 0.. {
        // Only the first read of a turn may be given up for the other side's: it loses nothing.
        let (heard, is_asked) = tokio::select! {
            heard = from_client.read(&mut asked) => (heard, true),
            heard = from_server.read(&mut told), if hears_server => (heard, false),
        };
        let length = heard.unwrap_or_default();
        // Whoever waits for a server that hears nothing any more is not told.
        if length == 0 && !is_asked && !hears_client {
            hears_server = false;
            continue;
        }
        if length == 0 {
            return true;
        }
        let mut said = if is_asked { asked[..length].to_vec() } else { told[..length].to_vec() };
        if is_asked {
            watched.hear_out(&mut from_client, &mut said).await;
        } else {
            watched.hear_out(&mut from_server, &mut said).await;
        }
        if number <= watched.forgotten.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        match watched.fault(number, turn) {
            Some(Fault::Delay(span_ms)) => watched.clock.sleep_ms(span_ms).await,
            Some(Fault::Cut) => return true,
            Some(Fault::Reset) => return false,
            Some(Fault::DeafClient) => drop(to_client.shutdown().await),
            Some(Fault::DeafServer) => {
                hears_client = false;
                drop(to_server.shutdown().await);
            }
            None => {}
        }
        let carried = if is_asked {
            let commits = commits.hear(&said);
            watched.hold_up_if_wanted(&said, commits, &mut is_saving).await;
            match watched.ask((&said, commits), &mut to_server, &mut from_server).await {
                Some(carried) => carried,
                None => return true,
            }
        } else {
            to_client.write_all(&said).await
        };
        // One that was closed on one side goes on on the other.
        let is_calm = watched.weather.load(Ordering::SeqCst) == 0;
        if carried.is_err() && hears_client && hears_server && is_calm {
            return true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::authority;

    #[test]
    fn the_server_is_found_in_every_kind_of_address() {
        for (url, server) in [
            ("postgres://admitone@127.0.0.1:5432/postgres", "127.0.0.1:5432"),
            ("mysql://root:a@127.0.0.1:3306/x", "127.0.0.1:3306"),
            ("redis://127.0.0.1:6379", "127.0.0.1:6379"),
            ("postgres://127.0.0.1:5432?options=-c", "127.0.0.1:5432"),
        ] {
            assert_eq!(authority(url), server);
        }
    }
}
