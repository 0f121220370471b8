//! A schema of its own for a test, on the server that the environment names.

use std::sync::atomic::{AtomicU32, Ordering};

/// Where the environment names the server.
pub(crate) const VARIABLE: &str = "ADMITONE_TEST_POSTGRES";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A schema of its own. It goes with the server.
pub(crate) struct Schema {
    /// The address that leads into it.
    pub(crate) url: String,
}

/// The server, if there is one.
pub(crate) fn server() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

impl Schema {
    pub(crate) async fn make() -> Self {
        let server = server().unwrap_or_else(|| panic!("{VARIABLE} is not set"));
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let (client, connection) =
            tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
        let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        let made = async { client.batch_execute(&sql).await };
        tokio::select! {
            made = made => made.unwrap(),
            ended = connection => panic!("{ended:?}"),
        }
        Self { url: format!("{server}?options=-csearch_path%3D{name}") }
    }
}
