//! How often somebody may ask: the same buckets as those of the API, a page that says so, and one
//! more for passwords, which is always there.

use admitone_app::Trouble;
use admitone_app::ports::buckets::{Buckets, Rate};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// From where a request came; whoever serves the pages says so.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub IpAddr);

/// What is limited, and by which buckets.
#[derive(Clone)]
pub struct Limits {
    /// For one instance or for all.
    pub buckets: Arc<dyn Buckets>,
    /// Commands of one buyer.
    pub sale: Option<Rate>,
    /// Reads of one buyer, or from one address.
    pub read: Option<Rate>,
    /// Accounts that are opened from one address.
    pub accounts: Option<Rate>,
}

/// Guesses of one name's password: eight, and then one in fifteen seconds.
const GUESSES: Rate = Rate { burst: 8, interval_us: 15_000_000 };
/// Passwords that come from one address: sixty, and then one a second.
const PASSWORDS: Rate = Rate { burst: 60, interval_us: 1_000_000 };

impl Limits {
    /// After how many seconds to come again, if a password may not be tried now.
    pub(crate) async fn password(&self, login: &str, caller: IpAddr) -> Result<(), u64> {
        let name = blake3::hash(login.as_bytes()).to_hex();
        self.take(&format!("password:{name}"), Some(GUESSES)).await?;
        self.take(&format!("passwords:{}", network(caller)), Some(PASSWORDS)).await
    }

    /// After how many seconds to come again, if no key of an operator may be tried now. Keys are
    /// drawn by the house: nobody guesses one, so there is no bucket that locks operators out.
    pub(crate) async fn key(&self, caller: IpAddr) -> Result<(), u64> {
        self.take(&format!("passwords:{}", network(caller)), Some(PASSWORDS)).await
    }

    /// After how many seconds to come again, if no account may be opened now.
    pub(crate) async fn account(&self, caller: IpAddr) -> Result<(), u64> {
        self.take(&format!("accounts:{}", network(caller)), self.accounts).await
    }

    /// After how many seconds to come again, if nothing may be asked now.
    pub(crate) async fn request(&self, is_sale: bool, who: &str) -> Result<(), u64> {
        if is_sale {
            self.take(&format!("sale:{who}"), self.sale).await
        } else {
            self.take(&format!("read:{who}"), self.read).await
        }
    }

    async fn take(&self, name: &str, rate: Option<Rate>) -> Result<(), u64> {
        let Some(rate) = rate else { return Ok(()) };
        let taken: Result<_, Trouble> = self.buckets.take(name, rate).await;
        // A limit that cannot be kept is no reason to sell nothing.
        match taken.ok().and_then(|taken| taken.wait_us) {
            Some(wait_us) => Err(wait_us.div_ceil(1_000_000)),
            None => Ok(()),
        }
    }
}

/// Whoever has one address of a network of version 6 has all of it.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(whole) => {
            let [a, b, c, d, ..] = whole.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl Default for Caller {
    /// Nobody said.
    fn default() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}
