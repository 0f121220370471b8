//! What endpoints of webhooks, which are kept beside the roads, promise.

use super::FreshLanes;
use admitone_app::Trouble;
use admitone_app::ports::webhooks::{Attempt, Endpoint, Replay, Wish};
use admitone_domain::Moment;

fn endpoint(id: u64, version: u64) -> Endpoint {
    Endpoint {
        id,
        version,
        url: format!("https://shop.example.org/{version}?a='b\"&c=한"),
        types: vec!["reservation.*".into()],
        secret: "whsec_c2VjcmV0".into(),
        earlier_secret: Some(("whsec_ZWFybGllcg==".into(), Moment(5))),
        disabled: None,
        life: 1,
        begin: 7,
        created_at: Moment(3),
        changed_by: "op_1".into(),
        wish: Wish { id: u64::MAX, print: 9 },
        replays: vec![Replay { number: 3, since: Moment(1), begin: 2, end: 7, until: Moment(9) }],
    }
}

fn attempt(endpoint: u64, event: u64, at: i64) -> Attempt {
    Attempt {
        endpoint,
        event,
        kind: "reservation.sold".into(),
        body: r#"{"type":"reservation.sold"}"#.into(),
        attempt: 1,
        at: Moment(at),
        took_ms: 12,
        status: Some(500),
        error: None,
        next: Some(Moment(at + 1)),
    }
}

fn unwrapped<T>(found: Result<T, Trouble>) -> T {
    found.unwrap_or_else(|trouble| panic!("{trouble}"))
}

impl FreshLanes {
    async fn logged(&self, endpoint: u64, below: Option<u64>, limit: usize) -> Vec<(u64, u64)> {
        let found = unwrapped(self.webhooks.attempts(endpoint, below, limit).await);
        found.into_iter().map(|(number, attempt)| (number, attempt.event)).collect()
    }
}

pub(super) async fn an_endpoint_is_kept_and_changed_by_one_at_a_time(fresh: FreshLanes) {
    let webhooks = &fresh.webhooks;
    assert_eq!(unwrapped(webhooks.endpoints().await), []);
    assert!(!unwrapped(webhooks.put(&endpoint(1, 2)).await), "there is nothing to be changed");
    assert!(unwrapped(webhooks.put(&endpoint(2, 1)).await));
    assert!(unwrapped(webhooks.put(&endpoint(1, 1)).await));
    assert!(!unwrapped(webhooks.put(&endpoint(1, 1)).await), "it is there already");
    assert!(unwrapped(webhooks.put(&endpoint(1, 2)).await));
    assert!(!unwrapped(webhooks.put(&endpoint(1, 2)).await), "somebody was faster");
    assert_eq!(unwrapped(webhooks.endpoints().await), [endpoint(1, 2), endpoint(2, 1)]);
}

pub(super) async fn a_removed_endpoint_is_gone_with_its_log(fresh: FreshLanes) {
    let webhooks = &fresh.webhooks;
    for id in [1, 2] {
        assert!(unwrapped(webhooks.put(&endpoint(id, 1)).await));
        unwrapped(webhooks.log(&[attempt(id, 9, 1)]).await);
    }
    assert!(unwrapped(webhooks.remove(1).await));
    assert!(!unwrapped(webhooks.remove(1).await));
    assert_eq!(unwrapped(webhooks.endpoints().await), [endpoint(2, 1)]);
    assert_eq!(
        [fresh.logged(1, None, 9).await.len(), fresh.logged(2, None, 9).await.len()],
        [0, 1]
    );
}

pub(super) async fn the_log_is_read_from_its_end(fresh: FreshLanes) {
    let webhooks = &fresh.webhooks;
    unwrapped(webhooks.log(&[attempt(1, 10, 1), attempt(2, 11, 2), attempt(1, 12, 3)]).await);
    unwrapped(webhooks.log(&[attempt(1, 13, 4)]).await);
    let newest = fresh.logged(1, None, 2).await;
    assert_eq!(newest.iter().map(|(_, event)| *event).collect::<Vec<u64>>(), [13, 12]);
    let rest = fresh.logged(1, Some(newest[1].0), 9).await;
    assert_eq!(rest.iter().map(|(_, event)| *event).collect::<Vec<u64>>(), [10]);
    let found = unwrapped(webhooks.attempts(2, None, 9).await);
    assert_eq!(found.into_iter().map(|(_, one)| one).collect::<Vec<_>>(), [attempt(2, 11, 2)]);
}

pub(super) async fn old_entries_of_the_log_are_dropped(fresh: FreshLanes) {
    let webhooks = &fresh.webhooks;
    unwrapped(webhooks.log(&[attempt(1, 10, 1), attempt(1, 11, 2), attempt(1, 12, 3)]).await);
    unwrapped(webhooks.prune(Moment(2)).await);
    let left = fresh.logged(1, None, 9).await;
    assert_eq!(left.iter().map(|(_, event)| *event).collect::<Vec<u64>>(), [12, 11]);
}
