//! A database of its own for a test, on the server that the environment names.

use mysql_async::prelude::Queryable;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the environment names the server.
pub(crate) const VARIABLE: &str = "ADMITONE_TEST_MARIADB";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database of its own. It goes with the server.
pub(crate) struct Database {
    /// The address that leads into it.
    pub(crate) url: String,
}

/// The server, if there is one.
pub(crate) fn server() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

impl Database {
    pub(crate) async fn make() -> Self {
        let server = server().unwrap_or_else(|| panic!("{VARIABLE} is not set"));
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut client = mysql_async::Conn::from_url(&server).await.unwrap();
        let sql = format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}");
        client.query_drop(sql).await.unwrap();
        client.disconnect().await.unwrap();
        let (address, _) = server.rsplit_once('/').unwrap();
        Self { url: format!("{address}/{name}") }
    }
}
