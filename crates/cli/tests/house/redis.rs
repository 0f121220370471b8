//! Redis servers: those that the environment names, and one that a test may kill.

use admitone_conformance::redis_server;
pub(crate) use admitone_conformance::redis_server::RedisServer as Redis;

/// The addresses of the servers that all tests share, with commas between them; none where there
/// are none and none are required.
pub(crate) fn shared() -> Option<String> {
    redis_server::shared().map(|addresses| addresses.join(","))
}
