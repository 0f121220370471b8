//! Starts the binary, learns where it listens, ends it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running house. Dropped, it is killed.
pub(crate) struct House {
    child: Child,
    /// Kept open: whoever prints into a closed pipe is told so.
    _said: std::io::Lines<BufReader<std::process::ChildStdout>>,
    pub(crate) address: String,
    pub(crate) operator_key: Option<String>,
}

impl House {
    /// Starts `serve` on a free port in a data directory and waits until it says where it listens.
    pub(crate) fn start(directory: &Path, flags: &[&str]) -> Self {
        Self::run(serve(directory, flags), directory)
    }

    /// The same with a command that was prepared: with limits, or as somebody else.
    pub(crate) fn run(mut command: Command, directory: &Path) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("serve ended before it said anything").unwrap();
        let address = first.rsplit("http://").next().unwrap().to_owned();
        let mut operator_key = None;
        for line in lines.by_ref().take(4).map_while(Result::ok) {
            if let Some(key) = line.trim().strip_prefix("operator key: ") {
                operator_key = Some(key.to_owned());
                break;
            }
            // A house that was started before prints no key behind its store.
            if line.contains("the store:") && directory.join("was-started").exists() {
                break;
            }
        }
        std::fs::write(directory.join("was-started"), "").unwrap();
        Self { child, _said: lines, address, operator_key }
    }

    /// Kills it without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end and waits; whether it ended well.
    pub(crate) fn stop(self) -> bool {
        self.ask_to_end();
        self.ended()
    }

    /// Asks it to end.
    pub(crate) fn ask_to_end(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end; whether it ended well.
    pub(crate) fn ended(mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Stops it: it is there and says nothing.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// It goes on where it was stopped.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(&self.address)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that serves a data directory.
pub(crate) fn serve(directory: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(directory)
        .args(flags)
        .stdout(Stdio::piped());
    command
}

/// The same command behind a line of shell that prepares its process, such as `ulimit -n 256`.
pub(crate) fn serve_after(setup: &str, directory: &Path, flags: &[&str]) -> Command {
    let plain = serve(directory, flags);
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")])
        .arg(plain.get_program())
        .args(plain.get_args())
        .stdout(Stdio::piped());
    command
}

/// Runs another command on a data directory; its exit code and what it printed.
pub(crate) fn admitone(arguments: &[&str], directory: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_admitone"))
        .args(arguments)
        .arg("--data-dir")
        .arg(directory)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

/// One keep-alive connection.
pub(crate) struct Connection {
    address: String,
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn has_header(&self, line: &str) -> bool {
        self.head.lines().any(|header| header.eq_ignore_ascii_case(line))
    }
}

impl Connection {
    fn to(address: &str) -> Self {
        Self::try_to(address).unwrap()
    }

    /// Connects, where there may be nobody.
    pub(crate) fn try_to(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream) })
    }

    /// Whether it leads there.
    pub(crate) fn is_to(&self, address: &str) -> bool {
        self.address == address
    }

    /// Sends a request; an error means that the outcome is unknown.
    pub(crate) fn try_send(
        &mut self,
        request: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Answer> {
        let mut text = format!("{request} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            for part in [*name, ": ", *value, "\r\n"] {
                text += part;
            }
        }
        let text = format!("{text}content-length: {}\r\n\r\n{body}", body.len());
        self.stream.get_mut().write_all(text.as_bytes())?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status, head, body })
    }

    pub(crate) fn send(&mut self, request: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_send(request, headers, body).unwrap()
    }

    pub(crate) fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&format!("GET {path}"), headers, "")
    }
}
