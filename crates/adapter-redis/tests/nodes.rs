//! A Redis server as the tests see it.

use admitone_adapter_redis::Node;
use std::time::Duration;

pub(crate) fn node(address: &str) -> Node {
    Node::new(address, Duration::from_millis(300)).unwrap()
}
