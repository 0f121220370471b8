//! A schema or a database of its own, on the server that the environment names.

use admitone_conformance::servers;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Postgres,
    Mariadb,
}

impl Server {
    /// The address of a new, empty store; none where there is no such server and none is required.
    pub(crate) fn fresh(self) -> Option<String> {
        wait_for(self.server().fresh())
    }

    /// The same in a database that no other test uses.
    pub(crate) fn fresh_database(self) -> Option<String> {
        wait_for(self.server().fresh_database())
    }

    fn server(self) -> servers::Server {
        match self {
            Self::Postgres => servers::Server::Postgres,
            Self::Mariadb => servers::Server::Mariadb,
        }
    }
}

/// Runs statements in a store.
pub(crate) fn execute(store: &str, sql: &str) {
    wait_for(servers::execute(store, sql));
}

fn wait_for<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(what)
}
