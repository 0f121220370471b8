//! One attempt to connect, of which nothing is left where nobody waits for it any more.
//!
//! The client has what it begins in the loop that reads the socket, on a thread of its own, and looks whether the
//! other end lives only once that has said how often. So a node whose process stands still while its machine lets
//! everybody in would keep a thread and a socket of each who gave it up. The socket is opened here instead, and
//! ended with whoever waits; the loop ends with its socket.

use lapin::tcp::AsyncTcpStream;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

/// Connects to one node.
pub(crate) async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
) -> lapin::Result<Connection> {
    let runtime = lapin::runtime::default_runtime()?;
    let place = (uri.authority.host.clone(), uri.authority.port);
    let stream = AsyncTcpStream::connect(&runtime, runtime.to_socket_addrs(place)).await?;
    let mut own = OwnSocket(match &stream {
        AsyncTcpStream::Plain(plain) => Some(plain.get_ref().as_fd().try_clone_to_owned()?.into()),
        // The client is built without TLS, and its address is refused.
        _ => None,
    });
    let opened = Mutex::new(Some(stream));
    let hand_over = async move |_, _| {
        let stream = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    };
    let connected = Connection::connector(uri, runtime, hand_over, properties).await;
    if connected.is_ok() {
        own.leave_open();
    }
    connected
}

/// A socket that ends with whoever has this, whoever else has it too.
struct OwnSocket(Option<TcpStream>);

impl OwnSocket {
    fn leave_open(&mut self) {
        self.0 = None;
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            // The other end may have ended it before.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
