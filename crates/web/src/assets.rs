//! Styles and scripts: in the binary, compressed once, under names that change with what they say,
//! so that a browser asks for each of them once.

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::LazyLock;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, kind, what it says.
const FILES: [(&str, &str, &str); 8] = [
    ("style.css", CSS, include_str!("../assets/style.css")),
    ("site.js", SCRIPT, include_str!("../assets/site.js")),
    ("line.js", SCRIPT, include_str!("../assets/line.js")),
    ("seats.js", SCRIPT, include_str!("../assets/seats.js")),
    ("hold.js", SCRIPT, include_str!("../assets/hold.js")),
    ("live.js", SCRIPT, include_str!("../assets/live.js")),
    ("door.js", SCRIPT, include_str!("../assets/door.js")),
    ("qr.js", SCRIPT, include_str!("../assets/qr.js")),
];

/// The mark that browsers show in a tab.
pub(crate) const ICON: &str = include_str!("../assets/icon.svg");

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.map(Asset::new).into());

struct Asset {
    name: &'static str,
    kind: &'static str,
    /// Where it is asked for.
    address: String,
    plain: Bytes,
    gzip: Bytes,
}

impl Asset {
    fn new((name, kind, text): (&'static str, &'static str, &'static str)) -> Self {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
        let address = format!("/assets/{stem}-{}.{end}", &hash[..12]);
        let plain = Bytes::from_static(text.as_bytes());
        Self { name, kind, address, gzip: gzip(&plain, Compression::best()), plain }
    }
}

/// The address of an asset; of one that is not there the name, which leads nowhere.
pub(crate) fn address(name: &str) -> &'static str {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    found.map_or("/assets/missing", |asset| asset.address.as_str())
}

/// Bytes, smaller.
pub(crate) fn gzip(plain: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    // Writing into memory cannot fail.
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    Bytes::from(written.unwrap_or_default())
}

/// Whether a browser takes what is compressed.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| {
        accepted.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == "gzip")
    })
}

/// `GET /assets/{name}`.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    let address = format!("/assets/{name}");
    let Some(asset) = ASSETS.iter().find(|asset| asset.address == address) else {
        let mut missing = Response::new(Body::empty());
        *missing.status_mut() = StatusCode::NOT_FOUND;
        return missing;
    };
    let is_small = takes_gzip(&headers);
    let body = if is_small { asset.gzip.clone() } else { asset.plain.clone() };
    let mut response = Response::new(Body::from(body));
    let lines = response.headers_mut();
    lines.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    lines.insert(header::CACHE_CONTROL, forever);
    lines.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    lines.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_small {
        lines.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// `GET /favicon.ico`, which some browsers ask for by themselves, and the icon of the pages.
pub(crate) async fn icon() -> Response<Body> {
    let mut response = Response::new(Body::from(ICON));
    let lines = response.headers_mut();
    lines.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    lines.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}
