//! Imports at once: what two look for in vain is made once, and whoever comes second is told that it was there.

use crate::house::House;
use admitone_app::Trouble;
use admitone_app::import::{Count, Document, Import, Imported};
use admitone_app::ports::reads::Reads;
use admitone_conformance::between::{Between, Through};
use admitone_domain::{Actor, CommandId, Key, Loaded, StoredAnswer};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// As whoever looked a moment before the other one made it: no answer is there, and no plan at the first look.
struct Early {
    inner: Arc<dyn Reads>,
    has_looked: AtomicBool,
}

#[async_trait]
impl Between for Early {
    fn behind(&self) -> &dyn Reads {
        &*self.inner
    }

    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        if let [Key::Plan(_)] = keys
            && !self.has_looked.swap(true, Ordering::Relaxed)
        {
            return Ok(vec![None]);
        }
        self.inner.rows(keys).await
    }

    async fn answer(&self, _id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        Ok(None)
    }
}

/// A document in which everything costs so much, and is for so many.
fn programme(price: i64, many: u64) -> Value {
    json!({
        "rooms": [{ "name": "Door", "settings": { "active_max": many } }],
        "concerts": [{ "name": "Winter Lights", "category": many.to_string(), "shows": [{
            "room": "Door", "per_buyer_max": many,
            "opens_at": "2126-01-02T00:00:00Z", "closes_at": "2126-01-03T00:00:00Z",
            "booking_opens_at": "2126-01-01T00:00:00Z", "booking_closes_at": "2126-01-02T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, 50], "price": price }],
            "ticket_types": [{ "name": "Standing", "price": price, "quantity": 10 }],
        }]}],
    })
}

async fn bring(house: &House, document: &Value) -> Imported {
    let text = document.to_string();
    let document: Document = serde_json::from_str(&text).unwrap();
    let import = Import::new(&house.office, Actor::House, text.as_bytes());
    import.run(&document, |_| {}).await.unwrap()
}

#[tokio::test]
async fn who_comes_second_is_told_that_it_was_there_and_what_differs() {
    let mut house = House::open().await;
    let first = bring(&house, &programme(1_000, 5)).await;
    let inner = Arc::clone(&house.office.reads);
    house.office.reads = Arc::new(Through(Early { inner, has_looked: AtomicBool::new(false) }));
    let second = bring(&house, &programme(2_000, 6)).await;

    let one = Count { rooms: 1, concerts: 1, shows: 1, seats: 50, ticket_types: 1 };
    assert_eq!((first.added, first.found), (one, Count::default()));
    assert_eq!((second.added, second.found), (Count::default(), one));
    assert_eq!(second.concerts[0].id, first.concerts[0].id);
    let told = [
        "another settings",
        "another category",
        "another per_buyer_max",
        "each of seat_1 to seat_50 is there with another price",
        "type_2 is there with another price",
    ];
    assert_eq!(second.differences.len(), told.len(), "{:#?}", second.differences);
    for (said, wanted) in second.differences.iter().zip(told) {
        assert!(said.contains(wanted), "{wanted} is not {said}");
    }
}
