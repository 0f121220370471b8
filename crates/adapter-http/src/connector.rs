//! Makes connections: resolves, looks at where the name leads, connects to exactly that. Every
//! connection there is was made here, so one that is kept leads where it may lead too.

use crate::failed::Failed;
use crate::line::Line;
use crate::public::is_public;
use crate::target::Target;
use crate::tls::Tls;
use hyper::Uri;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tower::Service;

/// A connection must be there within this part of the time.
const CONNECTED_WITHIN: u32 = 2;
/// So many addresses of a name are tried.
const ADDRESSES_MAX: usize = 4;

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Arc<Connects>);

/// How they are made.
pub(crate) struct Connects {
    /// Whether to private addresses too, and without TLS.
    pub(crate) allows_private: bool,
    /// How long all of a request may take.
    pub(crate) wait: Duration,
    pub(crate) tls: Tls,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Line>;
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Line>, Failed>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connects = Arc::clone(&self.0);
        Box::pin(async move {
            let target = Target::of(&to.to_string(), connects.allows_private)?;
            // Whoever asked may have gone on over a kept one: nobody but this ends it then.
            let line = tokio::time::timeout(connects.wait, connects.line(&target)).await;
            line.unwrap_or(Err(Failed::AnsweredTooLate(connects.wait))).map(TokioIo::new)
        })
    }
}

impl Connects {
    async fn line(&self, target: &Target) -> Result<Line, Failed> {
        let stream = self.connect(target).await?;
        if !target.is_secure {
            return Ok(Line::new(stream));
        }
        let untrusted = |why: std::io::Error| {
            let (host, why) = (target.host.clone(), why.to_string());
            Failed::Untrusted { host, why }
        };
        let name = ServerName::try_from(target.host.clone());
        let name = name.map_err(|_| Failed::Address("its host is no name of the net"))?;
        let stream = self.tls.connector()?.connect(name, stream).await.map_err(untrusted)?;
        Ok(Line::new(stream))
    }

    /// Connects to the first address that answers, of those that may be asked.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Failed> {
        let unresolved = |why: std::io::Error| {
            let (host, why) = (target.host.clone(), why.to_string());
            Failed::Unresolved { host, why }
        };
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
                Ok(Err(why)) => last = Failed::Unconnected { to, why: why.to_string() },
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
