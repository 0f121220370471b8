//! Token buckets on a server: one for all who ask at once, and none for those who do not share.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod nodes;

use admitone_adapter_redis::RedisBuckets;
use admitone_app::ports::buckets::{Buckets, Rate};
use admitone_conformance::redis_server;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// One more comes after the test.
const SLOW: Rate = Rate { burst: 20, interval_us: 600_000_000 };

async fn granted(instances: &[Arc<RedisBuckets>], attempts: usize) -> usize {
    let tasks = TaskTracker::new();
    let take = |instance: &Arc<RedisBuckets>| {
        let instance = Arc::clone(instance);
        tasks.spawn(async move { instance.take("ann", SLOW).await.unwrap().wait_us.is_none() })
    };
    let asked: Vec<_> =
        instances.iter().cycle().take(attempts * instances.len()).map(take).collect();
    let mut count = 0;
    for one in asked {
        count += usize::from(one.await.unwrap());
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_ask_at_once_take_from_one_bucket() {
    let Some(addresses) = redis_server::shared() else { return };
    let instance = |prefix: &str| Arc::new(RedisBuckets::new(nodes::node(&addresses[0]), prefix));
    let prefix = redis_server::own_prefix();
    let sharing = [instance(&prefix), instance(&prefix)];
    assert_eq!(granted(&sharing, 100).await, 20);
    // Who keeps his own gives as much again: the harm.
    let apart = [instance(&redis_server::own_prefix()), instance(&redis_server::own_prefix())];
    assert_eq!(granted(&apart, 100).await, 40);
}

#[tokio::test]
async fn a_bucket_says_what_is_left_and_how_long_to_wait() {
    let Some(addresses) = redis_server::shared() else { return };
    let buckets = RedisBuckets::new(nodes::node(&addresses[0]), &redis_server::own_prefix());
    let rate = Rate { burst: 2, interval_us: 300_000 };
    let first = buckets.take("ann", rate).await.unwrap();
    assert_eq!((first.wait_us, first.left), (None, 1));
    buckets.take("ann", rate).await.unwrap();
    let mut wait_us = None;
    // A machine that stood still between two calls has filled it up again.
    for _ in 0..100 {
        wait_us = buckets.take("ann", rate).await.unwrap().wait_us;
        if wait_us.is_some() {
            break;
        }
    }
    let wait_us = wait_us.unwrap();
    assert!((1..=300_000).contains(&wait_us), "{wait_us}");
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(Duration::from_micros(wait_us + 20_000), never).await;
    assert_eq!(buckets.take("ann", rate).await.unwrap().wait_us, None, "when it said");
}
