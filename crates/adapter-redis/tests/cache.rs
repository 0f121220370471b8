//! The cache of several instances beside its twin in memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod nodes;

use admitone_adapter_redis::RedisCache;
use admitone_app::cached::{CachedReads, Topic};
use admitone_app::clock::SystemClock;
use admitone_app::memory::MemoryCache;
use admitone_app::ports::cache::Cache;
use admitone_conformance::redis_server::{self, RedisServer as Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const CONCERTS: Topic = Topic { name: "concerts", format: 1 };

async fn wait_ms(span_ms: u64) {
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(Duration::from_millis(span_ms), never).await;
}

/// Values that nobody waits for the end of.
fn caches() -> Option<[Arc<dyn Cache>; 2]> {
    caches_of(60_000)
}

fn caches_of(lasts_ms: u64) -> Option<[Arc<dyn Cache>; 2]> {
    let addresses = redis_server::shared()?;
    let redis = RedisCache::new(nodes::node(&addresses[0]), &redis_server::own_prefix(), lasts_ms);
    Some([Arc::new(MemoryCache::new(Arc::new(SystemClock::default()), lasts_ms)), Arc::new(redis)])
}

#[tokio::test]
async fn a_value_is_found_until_its_topic_is_dropped() {
    let Some(caches) = caches() else { return };
    for cache in caches {
        let empty = cache.get("show 1", "seats").await.unwrap();
        assert_eq!(empty.value, None);
        cache.put("show 1", "seats", b"some", empty.turn).await.unwrap();
        cache.put("show 2", "seats", b"other", 0).await.unwrap();
        assert_eq!(cache.get("show 1", "seats").await.unwrap().value, Some(b"some".to_vec()));
        cache.drop_topic("show 1").await.unwrap();
        assert_eq!(cache.get("show 1", "seats").await.unwrap().value, None);
        assert_eq!(cache.get("show 2", "seats").await.unwrap().value, Some(b"other".to_vec()));
    }
}

#[tokio::test]
async fn a_value_is_found_until_its_time_is_over() {
    let Some(caches) = caches_of(300) else { return };
    for cache in caches {
        cache.put("show 1", "seats", b"some", 0).await.unwrap();
        wait_ms(400).await;
        assert_eq!(cache.get("show 1", "seats").await.unwrap().value, None);
    }
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept_after_it() {
    let Some(caches) = caches() else { return };
    for cache in caches {
        let turn = cache.get("show 1", "seats").await.unwrap().turn;
        cache.drop_topic("show 1").await.unwrap();
        cache.put("show 1", "seats", b"old", turn).await.unwrap();
        let now = cache.get("show 1", "seats").await.unwrap();
        assert_eq!(now.value, None);
        // The twin: whoever does not ask in which turn he read keeps the old value for everybody.
        cache.put("show 1", "seats", b"old", now.turn).await.unwrap();
        assert_eq!(cache.get("show 1", "seats").await.unwrap().value, Some(b"old".to_vec()));
    }
}

#[tokio::test]
async fn many_who_ask_at_once_are_one_question_to_the_store() {
    let Some(caches) = caches() else { return };
    for cache in caches {
        let (reads, asked) = (CachedReads::new(cache), AtomicUsize::new(0));
        let read = || async {
            asked.fetch_add(1, Ordering::SeqCst);
            wait_ms(50).await;
            Ok(b"list".to_vec())
        };
        let all = (0..20).map(|_| reads.read(CONCERTS, "page 1", read));
        for value in futures_util::future::join_all(all).await {
            assert_eq!(value.unwrap(), b"list");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_cache_that_is_away_costs_questions_and_no_answers() {
    let Some(mut server) = Server::start() else { return };
    let cache = RedisCache::new(nodes::node(&server.address()), "away", 60_000);
    server.kill();
    let reads = CachedReads::new(Arc::new(cache));
    let value = reads.read(CONCERTS, "page 1", || async { Ok(b"list".to_vec()) }).await;
    assert_eq!(value.unwrap(), b"list");
}

#[tokio::test]
async fn instances_of_two_versions_take_nothing_that_the_other_wrote() {
    let Some(caches) = caches() else { return };
    for cache in caches {
        let reads = CachedReads::new(cache);
        let old = async || reads.read(CONCERTS, "page 1", || async { Ok(b"list".to_vec()) }).await;
        let of_format = async |format| {
            let topic = Topic { format, ..CONCERTS };
            reads.read(topic, "page 1", || async { Ok(vec![1_000_u64]) }).await
        };
        assert_eq!(old().await.unwrap(), b"list");
        // The twin: a list of other things under the same format.
        assert_eq!(of_format(1).await.unwrap(), [108, 105, 115, 116], "the harm");
        for _ in 0..2 {
            assert_eq!(of_format(2).await.unwrap(), [1_000]);
            assert_eq!(old().await.unwrap(), b"list");
        }
    }
}
