//! The courier: resolves, looks at where the name leads, connects to exactly that, asks once.

use crate::exchange::exchange;
use crate::failed::Failed;
use crate::public::is_public;
use crate::target::Target;
use crate::tls::{Tls, Trust};
use admitone_app::ports::webhooks::{Courier, Letter};
use async_trait::async_trait;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct CourierOptions {
    /// Whether endpoints may be on private addresses, and without TLS.
    pub private_addresses: bool,
    /// How long all of a request may take, in milliseconds.
    pub answer_ms: u64,
    /// Whose certificates are taken.
    pub trust: Trust,
}

/// A connection must be there within this part of the time.
const CONNECTED_WITHIN: u32 = 2;
/// So many addresses of a name are tried.
const ADDRESSES_MAX: usize = 4;

/// Sends requests over HTTP.
pub struct HttpCourier {
    allows_private: bool,
    wait: Duration,
    tls: Tls,
}

impl HttpCourier {
    /// Nothing is resolved or read before it must be.
    pub fn new(options: CourierOptions) -> Self {
        let CourierOptions { private_addresses, answer_ms, trust } = options;
        let wait = Duration::from_millis(answer_ms);
        Self { allows_private: private_addresses, wait, tls: Tls::new(trust) }
    }

    async fn ask(&self, letter: &Letter) -> Result<u16, Failed> {
        let target = Target::of(&letter.url, self.allows_private)?;
        let stream = self.connect(&target).await?;
        if !target.is_secure {
            return exchange(stream, &target, letter).await;
        }
        let untrusted = |why| Failed::Untrusted { host: target.host.clone(), why };
        let name = ServerName::try_from(target.host.clone());
        let name = name.map_err(|_| Failed::Address("its host is no name of the net"))?;
        let stream = self.tls.connector()?.connect(name, stream).await.map_err(untrusted)?;
        exchange(stream, &target, letter).await
    }

    /// Connects to the first address that answers, of those that may be asked.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Failed> {
        let unresolved = |why| Failed::Unresolved { host: target.host.clone(), why };
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let found: Vec<SocketAddr> = found.map_err(unresolved)?.collect();
        let mut found = allowed(&target.host, found, self.allows_private)?;
        found.truncate(ADDRESSES_MAX);
        // One behind which nobody answers leaves time for the next.
        let wait = self.wait / CONNECTED_WITHIN / u32::try_from(found.len().max(1)).unwrap_or(1);
        let mut last = Failed::Nowhere(target.host.clone());
        for to in found {
            match tokio::time::timeout(wait, TcpStream::connect(to)).await {
                Ok(Ok(stream)) => {
                    // One that sends its small requests late is slow and not wrong.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(why)) => last = Failed::Unconnected { to, why },
                Err(_) => last = Failed::ConnectedTooLate { to, wait },
            }
        }
        Err(last)
    }
}

/// Where a name leads that may be asked; why nothing, if nothing of it may be.
fn allowed(
    host: &str,
    found: Vec<SocketAddr>,
    allows_private: bool,
) -> Result<Vec<SocketAddr>, Failed> {
    let refused = found.iter().map(SocketAddr::ip).find(|ip| !is_public(*ip));
    let may_be_asked = |to: &SocketAddr| allows_private || is_public(to.ip());
    let left: Vec<SocketAddr> = found.into_iter().filter(may_be_asked).collect();
    match refused {
        Some(found) if left.is_empty() => Err(Failed::Private { host: host.to_owned(), found }),
        _ => Ok(left),
    }
}

#[async_trait]
impl Courier for HttpCourier {
    fn check(&self, url: &str) -> Result<(), String> {
        Target::of(url, self.allows_private).map(drop).map_err(|failed| failed.to_string())
    }

    async fn send(&self, letter: &Letter) -> Result<u16, String> {
        let answered = tokio::time::timeout(self.wait, self.ask(letter)).await;
        let answered = answered.unwrap_or(Err(Failed::AnsweredTooLate(self.wait)));
        answered.map_err(|failed| failed.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn of_a_name_that_leads_inside_and_outside_only_the_outside_is_asked() {
        let both = to(&["127.0.0.1:443", "1.1.1.1:443", "[::1]:443"]);
        assert_eq!(allowed("both", both.clone(), false).unwrap(), to(&["1.1.1.1:443"]));
        assert_eq!(allowed("both", both.clone(), true).unwrap(), both);
        let refused = allowed("inside", to(&["10.0.0.1:443"]), false).unwrap_err().to_string();
        assert!(refused.contains("inside leads to 10.0.0.1"), "{refused}");
        assert!(allowed("nowhere", Vec::new(), false).unwrap().is_empty());
    }
}
