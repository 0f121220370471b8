//! Ports for servers of a test's own, from before they start until the test ends, and while they are dead.

use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// So many ports that nobody else is given: they are bound and not listened at. Whoever sets `SO_REUSEADDR`, as
/// servers do, listens at them all the same; and whoever asks there while nobody listens is refused.
///
/// A port that was only free a moment ago may be somebody's a moment later: each connection of this machine
/// takes one.
pub struct KeptPorts<const COUNT: usize> {
    numbers: [u16; COUNT],
    _kept: [TcpSocket; COUNT],
}

impl<const COUNT: usize> KeptPorts<COUNT> {
    /// Takes them.
    ///
    /// # Panics
    /// Panics if there are none.
    pub fn keep() -> Self {
        let kept = [(); COUNT].map(|()| keep().unwrap_or_else(|error| panic!("{error}")));
        Self {
            numbers: kept.each_ref().map(|(_, number)| *number),
            _kept: kept.map(|(kept, _)| kept),
        }
    }

    /// Their numbers.
    pub fn numbers(&self) -> [u16; COUNT] {
        self.numbers
    }
}

fn keep() -> std::io::Result<(TcpSocket, u16)> {
    let kept = TcpSocket::new_v4()?;
    kept.set_reuseaddr(true)?;
    kept.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let number = kept.local_addr()?.port();
    Ok((kept, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_kept_port_is_a_servers_again_and_again_and_refuses_meanwhile() {
        let kept = KeptPorts::<1>::keep();
        let address = (Ipv4Addr::LOCALHOST, kept.numbers()[0]);
        for _ in 0..2 {
            let refused = TcpStream::connect(address).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            let server = TcpListener::bind(address).unwrap();
            TcpStream::connect(address).unwrap();
            drop(server);
        }
    }
}
