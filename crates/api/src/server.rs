//! Takes connections and serves them: bounded in number, patient with nobody, graceful at the end.

mod doors;
mod patience;

use crate::ask::BODY_MAX_BYTES;
use crate::limits::Peer;
use crate::problem::Problem;
use crate::request_id;
use admitone_app::ports::clock::Clock;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, header};
use axum::response::IntoResponse;
pub use doors::Doors;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use patience::{Answered, Progress, Watched};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long whoever asks while the house closes may take for the rest of what he says.
const REFUSED_WAIT: Duration = Duration::from_secs(1);

/// What bounds the server.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Most connections at once; more wait in the kernel's queue.
    pub connections_max: usize,
    /// How long a client may take for the head of a request, from its first bytes, in
    /// milliseconds.
    pub header_wait_ms: u64,
    /// How long a connection is kept on which nothing is asked, in milliseconds.
    pub idle_wait_ms: u64,
    /// How long an answer may take to begin, in milliseconds; then the request is told that it was
    /// not answered.
    pub answer_wait_ms: u64,
    /// How long a connection on which nothing is asked is kept when the house closes, in
    /// milliseconds: who asks on it meanwhile is told to come back, and not cut off.
    pub refuse_ms: u64,
    /// How long what was accepted may take to be answered when the house closes, in milliseconds.
    pub close_wait_ms: u64,
    /// How long whoever says what cannot be read is heard out, in milliseconds: cut off before, he
    /// might not hear the answer.
    pub hear_out_ms: u64,
}

impl Default for ServerLimits {
    /// 20,000 connections, ten seconds for the head of a request, 75 seconds between requests (a
    /// visitor in line is asked to come back after 60 at most), fifteen seconds for an answer, half
    /// a second for those who ask while it closes, ten seconds to close, one for what cannot be read.
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            header_wait_ms: 10_000,
            idle_wait_ms: 75_000,
            answer_wait_ms: 15_000,
            refuse_ms: 500,
            close_wait_ms: 10_000,
            hear_out_ms: 1_000,
        }
    }
}

/// Takes an address.
pub fn bind(address: SocketAddr) -> std::io::Result<StdListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4_096)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Serves until the house closes; then answers what was accepted, and tells whoever asks meanwhile
/// to come back.
pub async fn serve(
    listener: StdListener,
    router: Router,
    clock: Arc<dyn Clock>,
    limits: ServerLimits,
    doors: Doors,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let server = Server {
        slots: Arc::new(Semaphore::new(limits.connections_max)),
        connections: TaskTracker::new(),
        numbers: Arc::new(AtomicU64::new(request_id::first_number())),
        idle_over: CancellationToken::new(),
        over: CancellationToken::new(),
        router,
        clock,
        limits,
        doors,
    };
    tokio::select! {
        () = server.doors.closing.cancelled() => {}
        () = server.accept(&listener) => {}
    }
    server.connections.close();
    tokio::select! {
        () = server.emptied() => {}
        () = server.accept(&listener) => {}
    }
    server.welcome_last(listener.into_std()?)?;
    let Server { connections, over, clock, limits, .. } = server;
    tokio::select! {
        () = connections.wait() => {}
        () = clock.sleep_ms(limits.refuse_ms) => {
            // Whatever they hold on to would keep the store from being closed.
            over.cancel();
            connections.wait().await;
        }
    }
    Ok(())
}

struct Server {
    router: Router,
    clock: Arc<dyn Clock>,
    limits: ServerLimits,
    doors: Doors,
    slots: Arc<Semaphore>,
    numbers: Arc<AtomicU64>,
    connections: TaskTracker,
    /// Connections on which nothing is asked are closed.
    idle_over: CancellationToken,
    /// All are closed.
    over: CancellationToken,
}

impl Server {
    /// Takes connections for ever.
    async fn accept(&self, listener: &TcpListener) {
        loop {
            match accept(listener, &self.slots).await {
                Ok((stream, peer, slot)) => self.welcome(stream, peer, slot),
                Err(error) => {
                    // Too many open files, most likely: a pause lets some of them close.
                    tracing::warn!(%error, "cannot accept a connection");
                    self.clock.sleep_ms(100).await;
                }
            }
        }
    }

    /// Takes those who have come, and nobody any more. The kernel is asked: what the runtime knows
    /// may be older.
    fn welcome_last(&self, listener: StdListener) -> std::io::Result<()> {
        while let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            let Ok((stream, peer)) = listener.accept() else { break };
            stream.set_nonblocking(true)?;
            self.welcome(TcpStream::from_std(stream)?, Peer(peer.ip()), slot);
        }
        drop(listener);
        Ok(())
    }

    fn welcome(&self, stream: TcpStream, peer: Peer, slot: OwnedSemaphorePermit) {
        let (over, doors) = (self.over.clone(), self.doors.clone());
        let (router, numbers) = (self.router.clone(), Arc::clone(&self.numbers));
        let (clock, limits, stop) = (Arc::clone(&self.clock), self.limits, self.idle_over.clone());
        self.connections.spawn(async move {
            let served =
                connection((stream, peer), (router, numbers, doors), (clock, limits), stop);
            over.run_until_cancelled(served).await;
            drop(slot);
        });
    }

    /// Waits until nobody is there any more, but not for ever.
    async fn emptied(&self) {
        tokio::select! {
            () = self.connections.wait() => return,
            () = self.clock.sleep_ms(self.limits.refuse_ms) => self.idle_over.cancel(),
        }
        let rest_ms = self.limits.close_wait_ms.saturating_sub(self.limits.refuse_ms);
        tokio::select! {
            () = self.connections.wait() => {}
            () = self.clock.sleep_ms(rest_ms) => {
                tracing::warn!(open = self.connections.len(), "closed with open connections");
                self.over.cancel();
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, Peer(peer.ip()), slot))
}

async fn connection(
    (stream, peer): (TcpStream, Peer),
    (router, numbers, doors): (Router, Arc<AtomicU64>, Doors),
    (clock, limits): (Arc<dyn Clock>, ServerLimits),
    stop: CancellationToken,
) {
    let progress = Arc::new(Progress::default());
    let watched = Watched {
        stream: TokioIo::new(stream),
        progress: Arc::clone(&progress),
        clock: Arc::clone(&clock),
    };
    let (router, doors, clock) = (&router, &doors, &*clock);
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let answering = progress.answering();
        async move {
            let is_closed = doors.closing.is_cancelled();
            let wait = (clock, limits.answer_wait_ms);
            let mut answer = answer(router, request, number, wait, is_closed).await;
            if doors.leaving.is_cancelled() || doors.closing.is_cancelled() {
                // The next question goes to another instance.
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            let answered = answer.map(|body| Answered { body, _answering: answering });
            Ok::<_, std::convert::Infallible>(answered)
        }
    });
    // Without a timer of its own: that one would count from the end of the last answer. Answers in
    // one piece, and each sent at once: to wait until nothing more is asked would keep back the
    // answer to a head that nobody can read.
    let mut builder = hyper::server::conn::http1::Builder::new();
    let mut served = builder.writev(false).serve_connection(watched, service);
    let lost = patience::lost(&progress, clock, limits.idle_wait_ms, limits.header_wait_ms);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = lost => return,
        () = stop.cancelled() => {
            std::pin::Pin::new(&mut served).graceful_shutdown();
            (&mut served).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
        if error.is_parse() {
            hear_out(served.into_parts().io.stream.into_inner(), limits.hear_out_ms).await;
        }
    }
}

/// Reads what somebody still sends who was told that it cannot be understood: closed before, the
/// answer would be lost on its way.
async fn hear_out(mut stream: TcpStream, wait_ms: u64) {
    let mut rest = tokio::io::sink();
    let read = tokio::io::copy(&mut stream, &mut rest);
    drop(tokio::time::timeout(Duration::from_millis(wait_ms), read).await);
}

/// A request that comes while the house closes: it is read, so that the answer is heard, and not
/// done.
async fn refuse(request: Request) -> Response<Body> {
    let body = axum::body::to_bytes(request.into_body(), BODY_MAX_BYTES);
    // Whoever is slow or says too much is not listened to.
    drop(tokio::time::timeout(REFUSED_WAIT, body).await);
    Problem::closing().into_response()
}

/// A request that is let go, as if the client had gone, when its answer takes too long.
async fn answer_in_time(
    router: &Router,
    request: Request,
    (clock, answer_wait_ms): (&dyn Clock, u64),
) -> Response<Body> {
    tokio::select! {
        biased;
        answered = router.clone().oneshot(request) => match answered {
            Ok(response) => response,
            Err(never) => match never {},
        },
        () = clock.sleep_ms(answer_wait_ms) => Problem::not_answered().into_response(),
    }
}

/// One request: a name for it, the figures, the answer.
async fn answer(
    router: &Router,
    request: hyper::Request<Incoming>,
    number: u64,
    wait: (&dyn Clock, u64),
    is_closed: bool,
) -> Response<Body> {
    let mut request: Request = request.map(Body::new);
    let id = request_id::of(request.headers().get(request_id::HEADER), number);
    request.headers_mut().insert(request_id::HEADER, id.clone());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answering = async {
        if is_closed { refuse(request).await } else { answer_in_time(router, request, wait).await }
    };
    let mut response = request_id::within(id.clone(), answering).await;
    let status = response.status().as_u16();
    metrics::counter!("admitone_requests_total", "status" => class(status)).increment(1);
    let request_id = id.to_str().unwrap_or_default();
    if status >= 500 {
        tracing::warn!(request_id, %method, path, status, "answered");
    } else {
        tracing::debug!(request_id, %method, path, status, "answered");
    }
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

fn class(status: u16) -> &'static str {
    match status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

#[cfg(test)]
mod tests;
