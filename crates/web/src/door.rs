//! The door of the pages: who comes is looked at once, how often he may come is kept, what went
//! wrong becomes a page, and every response leaves with what protects whoever reads it.

use crate::assets::{gzip, takes_gzip};
use crate::buyer::account;
use crate::frame::{go_to, own_path};
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::{VISIT, Visitor};
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;
use flate2::Compression;

/// From so many bytes on a page is worth the work of making it smaller.
const LARGE: u64 = 16 * 1_024;
/// Nothing but this house, no script or style inside a page, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; manifest-src 'self'";

/// What every page leaves with.
const HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "geolocation=(), microphone=(), camera=(self)"),
];

/// Lets a visitor in.
pub(crate) async fn enter(
    State(site): State<Site>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let visitor = Visitor::of(&site, &request);
    let is_post = request.method() == Method::POST;
    let may_squeeze = takes_gzip(request.headers());
    let mut response = if let Err(seconds) = limited(&site, &visitor, is_post).await {
        // Back to the page, when the time has come.
        let here = visitor.path.as_str();
        let back = if is_post { parent(here) } else { here };
        Oops::rate_limited(seconds).onward(own_path(back).to_owned()).into_response()
    } else {
        request.extensions_mut().insert(visitor.clone());
        next.run(request).await
    };
    if let Some(oops) = response.extensions_mut().remove::<Oops>() {
        response = if oops.wants_session() && site.freedoms.is_demo {
            account::welcome(&site, &visitor).await
        } else {
            oops.page(&site, &visitor)
        };
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && !is_post {
        // Somebody came back to where a form was posted.
        response = go_to(parent(&visitor.path));
    }
    dress(&mut response, &visitor);
    if may_squeeze { squeezed(response).await } else { response }
}

/// A large page, smaller.
async fn squeezed(mut response: Response<Body>) -> Response<Body> {
    let size = response.body().size_hint().exact().unwrap_or(0);
    if size < LARGE || !is_page(&response) {
        return response;
    }
    let body = std::mem::take(response.body_mut());
    // It is in memory: this waits for nothing.
    let plain = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    *response.body_mut() = Body::from(gzip(&plain, Compression::fast()));
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn is_page(response: &Response<Body>) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// The page from which a form was posted.
fn parent(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    path.rsplit_once('/').map_or("/", |(parent, _)| parent)
}

/// After how many seconds to come again, if that was too often. The waiting room says by itself
/// how often to come, and operators are not limited.
async fn limited(site: &Site, visitor: &Visitor, is_post: bool) -> Result<(), u64> {
    let path = visitor.path.split('?').next().unwrap_or_default();
    if path.contains("/line") || path.starts_with("/operator") {
        return Ok(());
    }
    let is_sale = is_post && visitor.buyer.is_some();
    let who = match visitor.buyer {
        Some(buyer) => buyer.to_string(),
        None => visitor.caller.to_string(),
    };
    site.limits.request(is_sale, &who).await
}

pub(crate) fn dress(response: &mut Response<Body>, visitor: &Visitor) {
    let is_page = is_page(response);
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store, private"));
    if visitor.is_new && is_page {
        let cookie = visitor.set_cookie(VISIT, &visitor.visit, None);
        headers.append(header::SET_COOKIE, cookie);
    }
}
