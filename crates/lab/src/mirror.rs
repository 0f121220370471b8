//! Somebody who answers everything alike and at once: what the generator can do when there is no
//! house behind it.

use crate::Trouble;
use std::net::{SocketAddr, TcpListener as Listening};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
const END: &[u8] = b"\r\n\r\n";
/// A request without a body is shorter.
const LONGEST: usize = 4_096;

/// Answers in a thread of its own until it is dropped. It waits for the end of a request and looks at
/// nothing in it; whoever asks sends one without a body, and the next when he was answered.
#[derive(Debug)]
pub(crate) struct Mirror {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Ends it.
    _alive: oneshot::Sender<()>,
}

impl Mirror {
    pub(crate) fn start() -> Result<Self, Trouble> {
        let doing = "listening for the generator alone";
        let listening = Listening::bind("127.0.0.1:0").map_err(Trouble::system(doing))?;
        listening.set_nonblocking(true).map_err(Trouble::system(doing))?;
        let address = listening.local_addr().map_err(Trouble::system(doing))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system(doing))?;
        let (alive, dropped) = oneshot::channel();
        std::thread::spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listening) else { return };
                tokio::select! {
                    () = answer_all(&listener) => {}
                    _ = dropped => {}
                }
            });
        });
        Ok(Self { address, _alive: alive })
    }
}

async fn answer_all(listener: &TcpListener) {
    let mut answering = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        answering.spawn(answer(stream));
    }
}

async fn answer(mut stream: TcpStream) {
    // Without it an answer may wait for the next.
    let _ = stream.set_nodelay(true);
    let mut asked = [0; LONGEST];
    let mut filled = 0;
    while let Ok(read @ 1..) = stream.read(&mut asked[filled..]).await {
        filled += read;
        if asked[..filled].ends_with(END) {
            filled = 0;
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    #[test]
    fn it_answers_whole_requests_and_ends_when_it_is_dropped() {
        let mirror = Mirror::start().unwrap();
        let address = mirror.address;
        let mut asking = TcpStream::connect(address).unwrap();
        for parts in [
            &[b"GET /a HTTP/1.1\r\n".as_slice(), b"host: x\r\n\r\n"],
            &[b"GET /b HTTP/1.1\r\n", END],
        ] {
            for part in parts {
                asking.write_all(part).unwrap();
            }
            let mut answered = vec![0; ANSWER.len()];
            asking.read_exact(&mut answered).unwrap();
            assert_eq!(answered, ANSWER);
        }
        drop(mirror);
        assert_eq!(asking.read(&mut [0]).unwrap_or(0), 0, "nobody listens any more");
    }
}
