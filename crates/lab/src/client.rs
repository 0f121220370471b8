//! A keep-alive HTTP/1.1 connection that costs little: one write and one read for a request.
//!
//! It knows what admitone sends, answers with a length, and nothing more.

use crate::Trouble;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is kept of an answer under load; of a longer one only the beginning is looked at.
pub const KEEP_UNDER_LOAD: usize = 32 * 1024;
/// What is kept of an answer that is read whole.
pub const KEEP_ALL: usize = 8 * 1024 * 1024;

const HEADERS_MAX: usize = 32;

/// One connection, one request at a time.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    /// The next request.
    pub out: Vec<u8>,
    input: Vec<u8>,
    is_over: bool,
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body, or its beginning if it is longer than what is kept.
    pub body: &'a [u8],
    /// How long the whole body was.
    pub length: usize,
}

/// What the head of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    status: u16,
    size: usize,
    length: usize,
    closes: bool,
}

impl Connection {
    /// Connects. An answer that is longer than `keep` bytes is kept up to half of that.
    pub async fn open(address: SocketAddr, keep: usize) -> Result<Self> {
        let stream = connect(address).await?;
        let (out, input) = (Vec::with_capacity(1_024), vec![0; keep]);
        Ok(Self { address, stream, out, input, is_over: false })
    }

    /// The next time it connects, somewhere else.
    pub(crate) fn turn_to(&mut self, address: SocketAddr) {
        self.address = address;
        self.is_over = true;
    }

    /// Ends the connection without waiting for what was asked.
    pub(crate) fn hang_up(&mut self) {
        self.is_over = true;
    }

    /// Connects again: whatever was under way is forgotten.
    pub async fn reopen(&mut self) -> Result<()> {
        self.stream = connect(self.address).await?;
        self.is_over = false;
        Ok(())
    }

    /// Whether the house has gone away while nothing was under way, as one does that was killed: what is
    /// asked next is asked of whoever is there now, as every client of HTTP does it. Nothing is read
    /// where nothing came.
    fn is_left(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        !matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Sends the request in `out` and waits for no answer.
    pub(crate) async fn send_only(&mut self) -> Result<()> {
        if self.is_over {
            self.reopen().await?;
        }
        self.is_over = true;
        self.stream.write_all(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    /// Sends the request in `out` and reads the answer. After an error the outcome is unknown,
    /// and the connection is of no more use until it is opened again.
    pub async fn exchange(&mut self) -> Result<Answer<'_>> {
        if self.is_over || self.is_left() {
            self.reopen().await?;
        }
        self.is_over = true;
        self.stream.write_all(&self.out).await?;
        self.out.clear();
        let (head, mut filled) = self.head().await?;
        let (end, size) = (head.size + head.length, self.input.len());
        if filled > end {
            return Err(Error::new(ErrorKind::InvalidData, "more than one answer"));
        }
        while filled < end.min(size) {
            filled += some(self.stream.read(&mut self.input[filled..]).await?)?;
        }
        let kept = if end <= size { end } else { size / 2 };
        let mut left = end - filled;
        while left > 0 {
            let room = left.min(size - kept);
            left -= some(self.stream.read(&mut self.input[kept..kept + room]).await?)?;
        }
        self.is_over = head.closes;
        let body = self.input.get(head.size..kept).unwrap_or_default();
        Ok(Answer { status: head.status, body, length: head.length })
    }

    /// Reads until the head is there; how much was read with it.
    async fn head(&mut self) -> Result<(Head, usize)> {
        let mut filled = 0;
        loop {
            if filled == self.input.len() {
                return Err(Error::new(ErrorKind::InvalidData, "the head is too large"));
            }
            filled += some(self.stream.read(&mut self.input[filled..]).await?)?;
            if let Some(head) = parse(&self.input[..filled])? {
                return Ok((head, filled));
            }
        }
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn some(read: usize) -> Result<usize> {
    if read == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(read) }
}

fn parse(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let wrong = |error| Error::new(ErrorKind::InvalidData, error);
    let httparse::Status::Complete(size) = response.parse(bytes).map_err(wrong)? else {
        return Ok(None);
    };
    let status = response.code.unwrap_or(0);
    let (mut length, mut closes) = (None, false);
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(header.value).ok().and_then(|text| text.parse().ok());
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    let has_none = matches!(status, 204 | 304);
    let length = length.or(has_none.then_some(0));
    let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no content-length"))?;
    Ok(Some(Head { status, size, length: if has_none { 0 } else { length }, closes }))
}

impl Answer<'_> {
    /// The code of a problem, if the body is one.
    pub fn code(&self) -> Option<&str> {
        text_field(self.body, "\"code\":\"")
    }

    /// The body as text, at most its first two thousand bytes.
    pub fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(2_000)]).into_owned()
    }
}

impl Trouble {
    /// An answer that is not the one that was needed.
    pub(crate) fn answer(asked: &str, answer: &Answer<'_>) -> Self {
        let body = answer.excerpt();
        Self::Answer { asked: asked.to_owned(), status: answer.status, body }
    }
}

/// The text that stands behind `"name":"`, up to the next quote. JSON of our own server, where a
/// parser would cost more than the request.
pub fn text_field<'a>(body: &'a [u8], before: &str) -> Option<&'a str> {
    let begin = find(body, before.as_bytes())? + before.len();
    let length = body[begin..].iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&body[begin..begin + length]).ok()
}

/// The whole number that stands behind the last `"name":`.
pub fn last_number(body: &[u8], before: &str) -> Option<i64> {
    let begin = body.windows(before.len()).rposition(|at| at == before.as_bytes())? + before.len();
    let rest = &body[begin..];
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
    std::str::from_utf8(&rest[..length]).ok()?.parse().ok()
}

fn find(body: &[u8], what: &[u8]) -> Option<usize> {
    body.windows(what.len()).position(|at| at == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nconnection: close\r\n\r\nhello";
        assert_eq!(parse(&whole[..40]).unwrap(), None);
        let head = parse(whole).unwrap().unwrap();
        assert_eq!(head, Head { status: 201, size: whole.len() - 5, length: 5, closes: true });
        let empty = parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();
        assert_eq!(empty.length, 0);
    }

    #[test]
    fn an_answer_without_a_length_is_an_error_and_not_a_wait() {
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
        assert!(parse(b"no http at all\r\n\r\n").is_err());
    }

    #[test]
    fn fields_are_found_where_they_stand() {
        let body = br#"{"entry":{"id":"entry_7","balance":1},"balance":-42}"#;
        assert_eq!(text_field(body, "\"id\":\""), Some("entry_7"));
        assert_eq!(last_number(body, "\"balance\":"), Some(-42));
        assert_eq!(text_field(body, "\"code\":\""), None);
        assert_eq!(last_number(b"", "\"balance\":"), None);
    }

    /// A house that answers each connection once, and goes away without a word.
    fn forgetful() -> SocketAddr {
        let house = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = house.local_addr().unwrap();
        std::thread::spawn(move || {
            for connection in house.incoming().take(2) {
                let mut connection = connection.unwrap();
                let asked = std::io::Read::read(&mut connection, &mut [0; 512]).unwrap();
                assert!(asked > 0, "nothing was asked");
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                std::io::Write::write_all(&mut connection, answer).unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_house_that_went_away_while_nothing_was_asked_is_asked_on_a_new_connection() {
        let mut connection = Connection::open(forgetful(), KEEP_UNDER_LOAD).await.unwrap();
        for _ in 0..2 {
            connection.out.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
            assert_eq!(connection.exchange().await.unwrap().status, 200);
            // Until it is known here that it is gone.
            crate::time::pause(std::time::Duration::from_millis(50)).await;
        }
    }
}
