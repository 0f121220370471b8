//! How often somebody may ask: a buyer by his token, everybody else by his address. What sells has
//! a bucket of its own, so that nobody's sale waits behind what he reads. The waiting room says by
//! itself how often to come; operators, health and figures are not limited. The reference routes
//! know nobody by a token: there an address is limited, whatever it does.

use crate::house::House;
use crate::problem::Problem;
use admitone_app::ports::buckets::{Buckets, Rate, Taken};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

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
    /// In which header a proxy says from where a request came; none: there is no proxy.
    pub client_header: Option<HeaderName>,
}

/// A kind of request that has buckets of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Sale,
    Read,
    Accounts,
}

impl Class {
    /// The class of a request, if it is one that is limited.
    fn of(method: &Method, path: &str) -> Option<Self> {
        let Some(path) = path.strip_prefix("/api/v1/") else {
            return Self::of_reference(method, path);
        };
        let mut parts = path.split('/');
        match (parts.next()?, parts.next()) {
            ("operator" | "rooms" | "openapi.json", _) => None,
            ("users", None) if method == Method::POST => Some(Self::Accounts),
            _ if method == Method::GET || method == Method::HEAD => Some(Self::Read),
            _ => Some(Self::Sale),
        }
    }

    /// The class of a request to a reference route, at the root. Its line is not limited either.
    fn of_reference(method: &Method, path: &str) -> Option<Self> {
        if !is_of_reference(path) {
            None
        } else if method == Method::POST {
            Some(Self::Sale)
        } else {
            Some(Self::Read)
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Read => "read",
            Self::Accounts => "accounts",
        }
    }
}

/// Whether it is a reference route that sells or tells something.
fn is_of_reference(path: &str) -> bool {
    ["/concert/", "/reservation", "/user/", "/payment", "/v1/api/"]
        .iter()
        .any(|begin| path.starts_with(begin))
}

/// Lets a request through, or tells who sent it when to come back.
pub(crate) async fn check(
    State(house): State<House>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let Some(limits) = &house.limits else { return next.run(request).await };
    let Some((name, rate, class)) = bucket(&house, limits, &request) else {
        return next.run(request).await;
    };
    let Ok(taken) = limits.buckets.take(&name, rate).await else {
        // A limit that cannot be kept is no reason to sell nothing.
        return next.run(request).await;
    };
    let mut response = match taken.wait_us {
        None => next.run(request).await,
        Some(wait_us) => Problem::rate_limited(class.name(), wait_us).into_response(),
    };
    say(&mut response, class, rate, &taken);
    response
}

/// Whose bucket a request takes from.
fn bucket(house: &House, limits: &Limits, request: &Request) -> Option<(String, Rate, Class)> {
    let class = Class::of(request.method(), request.uri().path())?;
    let buyer = || house.buyer(request.headers()).ok();
    match class {
        Class::Sale => match buyer() {
            Some(buyer) => Some((format!("sale:{buyer}"), limits.sale?, class)),
            // The reference routes trust whatever user they are told: only the address is known.
            None if is_of_reference(request.uri().path()) => Some((
                format!("sale:{}", client(limits.client_header.as_ref(), request)),
                limits.sale?,
                class,
            )),
            // Who is nobody sells nothing: he is answered so, as often as he may read.
            None => read(limits, None, request),
        },
        Class::Read => read(limits, buyer().map(|buyer| buyer.to_string()), request),
        Class::Accounts => Some((
            format!("accounts:{}", client(limits.client_header.as_ref(), request)),
            limits.accounts?,
            class,
        )),
    }
}

fn read(
    limits: &Limits,
    buyer: Option<String>,
    request: &Request,
) -> Option<(String, Rate, Class)> {
    let rate = limits.read?;
    let who = buyer.unwrap_or_else(|| client(limits.client_header.as_ref(), request).to_string());
    Some((format!("read:{who}"), rate, Class::Read))
}

/// The address that a request comes from. Of what the header lists the last is meant: it is what
/// the proxy added, and whatever stands before it can be written by anybody.
pub fn client<B>(header: Option<&HeaderName>, request: &axum::http::Request<B>) -> IpAddr {
    let said = header.and_then(|name| {
        let value = request.headers().get_all(name).iter().next_back()?;
        value.to_str().ok()?.rsplit(',').next()?.trim().parse::<IpAddr>().ok()
    });
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    one_of(said.or(peer).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
}

/// Whoever has one address of a network of version 6 has all of it.
fn one_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(whole) => {
            let [a, b, c, d, ..] = whole.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The limit and what is left of it, as the draft of the IETF has it and as it was usual before.
fn say(response: &mut Response<Body>, class: Class, rate: Rate, taken: &Taken) {
    let seconds = |span_us: u64| span_us.div_ceil(1_000_000);
    let window = seconds(rate.span_us());
    let reset = taken.wait_us.map_or(window, seconds);
    let name = class.name();
    let lines = [
        ("ratelimit-policy", format!("\"{name}\";q={};w={window}", rate.burst)),
        ("ratelimit", format!("\"{name}\";r={};t={reset}", taken.left)),
        ("x-rate-limit-limit", rate.burst.to_string()),
        ("x-rate-limit-remaining", taken.left.to_string()),
        ("x-rate-limit-reset", reset.to_string()),
    ];
    for (name, value) in lines {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::clock::SystemClock;
    use admitone_app::limits::MemoryBuckets;

    #[test]
    fn what_sells_what_is_read_and_what_is_not_limited() {
        let class = |method: Method, path: &str| Class::of(&method, path);
        assert_eq!(class(Method::POST, "/api/v1/reservations"), Some(Class::Sale));
        assert_eq!(class(Method::DELETE, "/api/v1/users/me"), Some(Class::Sale));
        assert_eq!(class(Method::GET, "/api/v1/users/me"), Some(Class::Read));
        assert_eq!(class(Method::GET, "/api/v1/shows/show_1/seats"), Some(Class::Read));
        assert_eq!(class(Method::POST, "/api/v1/users"), Some(Class::Accounts));
        for free in [
            "/api/v1/rooms/room_1/place",
            "/api/v1/operator/shows",
            "/api/v1/openapi.json",
            "/health/ready",
            "/metrics",
            "/bench/noop",
            "/queue",
        ] {
            assert_eq!(class(Method::GET, free), None, "{free}");
        }
        for sells in ["/reservation", "/payment", "/user/charge", "/v1/api/payments/confirm"] {
            assert_eq!(class(Method::POST, sells), Some(Class::Sale), "{sells}");
        }
        assert_eq!(class(Method::POST, "/queue/issue"), None);
        assert_eq!(class(Method::GET, "/user/check"), Some(Class::Read));
        assert_eq!(class(Method::GET, "/concert/available-seats"), Some(Class::Read));
    }

    fn limits(header: Option<&'static str>) -> Limits {
        Limits {
            buckets: Arc::new(MemoryBuckets::new(Arc::new(SystemClock::default()))),
            sale: None,
            read: None,
            accounts: None,
            client_header: header.map(HeaderName::from_static),
        }
    }

    fn from(header: Option<&'static str>, lines: &[&str]) -> String {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(Peer([10, 0, 0, 9].into()));
        for line in lines {
            request.headers_mut().append("x-forwarded-for", line.parse().unwrap());
        }
        client(limits(header).client_header.as_ref(), &request).to_string()
    }

    #[test]
    fn what_a_proxy_says_counts_only_where_there_is_one() {
        let named = Some("x-forwarded-for");
        assert_eq!(from(None, &["192.0.2.1"]), "10.0.0.9");
        assert_eq!(from(named, &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(from(named, &["192.0.2.7, 192.0.2.1"]), "192.0.2.1", "the last one");
        assert_eq!(from(named, &["192.0.2.7", "192.0.2.1"]), "192.0.2.1");
        assert_eq!(from(named, &["who knows"]), "10.0.0.9");
        assert_eq!(from(named, &[]), "10.0.0.9");
        assert_eq!(from(named, &["::ffff:192.0.2.1"]), "192.0.2.1");
        assert_eq!(from(named, &["2001:db8:1:2:3:4:5:6"]), "2001:db8:1:2::", "a whole network");
    }
}
