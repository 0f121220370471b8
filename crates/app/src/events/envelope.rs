//! An event as it leaves the house: the shape of a `CloudEvent` in JSON, with what our own consumers
//! need to do each once and in order.

use super::subject::{key, subject};
use super::{happening, lane};
use admitone_domain::{CommandId, Event};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// An event with its number in the store it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The store: brokers outlive houses, and numbers begin anew with each.
    pub source: Arc<str>,
    /// Its number there.
    pub number: u64,
    /// What happened.
    pub event: Event,
}

/// Bytes that are no event of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event of an admitone")]
pub struct Malformed;

impl Envelope {
    /// Its id: the same however often it is published.
    pub fn id(&self) -> String {
        format!("evt_{}", self.number)
    }

    /// Its type, such as `reservation.sold`.
    pub fn kind(&self) -> String {
        let (aggregate, _) = subject(self.event.aggregate);
        format!("{aggregate}.{}", happening::told(&self.event.what).0)
    }

    /// To what it happened, as people see it: its kind and its id.
    pub fn subject(&self) -> (&'static str, String) {
        subject(self.event.aggregate)
    }

    /// What is told of it beside type and subject.
    pub fn data(&self) -> Value {
        happening::told(&self.event.what).1
    }

    /// Its lane: what is in one lane is published in its order.
    pub fn lane(&self) -> u8 {
        lane(self.event.aggregate)
    }

    /// The name of the command that a consumer makes of it: the same each time it comes, so that
    /// its stored answer is the inbox.
    pub fn command(&self, consumer: &str) -> CommandId {
        let mut name = blake3::Hasher::new();
        for part in [consumer.as_bytes(), self.source.as_bytes()] {
            name.update(&part.len().to_le_bytes()).update(part);
        }
        let name = name.update(&self.number.to_le_bytes()).finalize();
        let bytes = name.as_bytes().first_chunk();
        CommandId(bytes.map_or(0, |bytes| u128::from_le_bytes(*bytes)))
    }

    /// As it is published: a `CloudEvent`.
    pub fn to_json(&self) -> Value {
        let (aggregate, id) = self.subject();
        json!({
            "specversion": "1.0",
            "id": self.id(),
            "source": &*self.source,
            "type": self.kind(),
            "subject": id,
            "aggregate": aggregate,
            "version": self.event.version,
            "time": self.event.at.to_string(),
            "lane": self.lane(),
            "datacontenttype": "application/json",
            "data": self.data(),
        })
    }

    /// The bytes of [`Envelope::to_json`].
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    /// What was published, read again.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let json: Map<String, Value> = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
        Self::of(&json).ok_or(Malformed)
    }

    fn of(json: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let number = text("id")?.strip_prefix("evt_")?.parse().ok()?;
        let (aggregate, what) = text("type")?.split_once('.')?;
        let what = happening::happening(what, json.get("data")?.as_object()?)?;
        let event = Event {
            aggregate: key(aggregate, text("subject")?)?,
            version: json.get("version")?.as_u64()?,
            at: happening::moment(text("time")?)?,
            what,
        };
        Some(Self { source: text("source")?.into(), number, event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::catalogue::{Form, KINDS};
    use admitone_domain::id::{
        BuyerId, ConcertId, EntryId, OperatorId, PaymentId, ReservationId, RoomId, SeatId, ShowId,
        TicketTypeId,
    };
    use admitone_domain::pass::PassKey;
    use admitone_domain::{Deed, Happening, Key, Moment};

    fn happenings() -> Vec<Happening> {
        let pass = PassKey { room: RoomId(1), epoch: 2, place: 3 };
        let until = Moment(1_700_000_000_123_456);
        vec![
            Happening::Held { show: ShowId(1), buyer: BuyerId(2), until },
            Happening::Extended { until },
            Happening::Released,
            Happening::Expired,
            Happening::Sold { payment: PaymentId(4) },
            Happening::Cancelled { items: vec![0, 7] },
            Happening::Moved { entry: EntryId(5) },
            Happening::Refunded { reservation: Some(ReservationId(6)) },
            Happening::Refunded { reservation: None },
            Happening::PassEnded(pass),
            Happening::PassExtended { pass, until },
            Happening::Changed { by: "op_1 \"quoted\"".into() },
            Happening::Acted { by: "op_1".into(), deed: Deed::Refunded },
            Happening::Acted { by: "op_1".into(), deed: Deed::Reacquired },
            Happening::Acted { by: "op_1".into(), deed: Deed::Admitted },
            Happening::Admitted { item: 3 },
            Happening::Reseated { item: 3, from: SeatId(9), to: SeatId(10) },
            Happening::Acted { by: "op_1".into(), deed: Deed::Reseated },
            Happening::Acted { by: "op_1".into(), deed: Deed::Withdrew },
            Happening::PaymentRequested { payment: PaymentId(4) },
            Happening::PaymentUnknown,
            Happening::PaymentDeclined { payment: PaymentId(4) },
            Happening::RefundOwed { reservation: Some(ReservationId(6)) },
            Happening::RefundOwed { reservation: None },
        ]
    }

    fn keys() -> Vec<Key> {
        vec![
            Key::Concert(ConcertId(1)),
            Key::Show(ShowId(2)),
            Key::Plan(ShowId(2)),
            Key::Room(RoomId(3)),
            Key::Operator(OperatorId(4)),
            Key::Buyer(BuyerId(5)),
            Key::Reservation(ReservationId(6)),
            Key::Payment(PaymentId(7)),
            Key::Pass(PassKey { room: RoomId(3), epoch: 1, place: 9 }),
            Key::Quota(ShowId(2), BuyerId(5)),
            Key::TicketType(TicketTypeId(8)),
            Key::Seat(SeatId(9)),
            Key::Wallet(BuyerId(5)),
        ]
    }

    fn envelope(aggregate: Key, what: Happening) -> Envelope {
        let event = Event { aggregate, version: 3, at: Moment(1_700_000_000_000_001), what };
        Envelope { source: "/admitone/a".into(), number: 12, event }
    }

    #[test]
    fn whatever_is_published_is_read_again_as_it_was() {
        for aggregate in keys() {
            for what in happenings() {
                let event = envelope(aggregate, what);
                assert_eq!(Envelope::from_bytes(&event.to_bytes()), Ok(event));
            }
        }
    }

    /// Every field that is told stands in the catalogue, in the form that is said there.
    #[test]
    fn what_is_told_is_what_the_catalogue_says() {
        let mut told = std::collections::BTreeSet::new();
        for aggregate in keys() {
            for what in happenings() {
                let event = envelope(aggregate, what);
                let Some(kind) = KINDS.iter().find(|kind| kind.name == event.kind()) else {
                    continue;
                };
                told.insert(kind.name);
                let data = event.data();
                let names: Vec<&String> = data.as_object().unwrap().keys().collect();
                let mut fields: Vec<&str> = kind.fields.iter().map(|field| field.name).collect();
                fields.sort_unstable();
                assert_eq!(names, fields, "{}", kind.name);
                for field in kind.fields {
                    assert!(fits(field.form, &data[field.name]), "{}: {}", kind.name, field.name);
                }
            }
        }
        assert_eq!(told.len(), KINDS.len(), "the catalogue has a type that is never told");
    }

    fn fits(form: Form, value: &Value) -> bool {
        let text = value.as_str();
        let begins =
            |prefix: &str| text.is_some_and(|text| text.starts_with(&format!("{prefix}_")));
        match form {
            Form::Id(prefix) => begins(prefix),
            Form::MaybeId(prefix) => value.is_null() || begins(prefix),
            Form::Moment => text.is_some_and(|text| happening::moment(text).is_some()),
            Form::Number => value.is_u64(),
            Form::Numbers => value.as_array().is_some_and(|all| all.iter().all(Value::is_u64)),
            Form::Text => text.is_some(),
            Form::Word(words) => text.is_some_and(|text| words.contains(&text)),
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let good = envelope(keys()[0], Happening::Released).to_json();
        for (name, value) in [
            ("id", json!("12")),
            ("type", json!("reservation")),
            ("type", json!("reservation.sung")),
            ("subject", json!("show_1")),
            ("version", json!("3")),
            ("time", json!("yesterday")),
            ("data", json!([])),
            ("source", Value::Null),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(Envelope::from_bytes(bad.to_string().as_bytes()), Err(Malformed), "{name}");
        }
        assert_eq!(Envelope::from_bytes(b"[]"), Err(Malformed));
    }

    #[test]
    fn a_consumer_makes_one_command_of_an_event_and_another_consumer_another() {
        let event = envelope(keys()[6], Happening::Released);
        assert_eq!(event.command("notices"), event.clone().command("notices"));
        assert_ne!(event.command("notices"), event.command("saga"));
        let elsewhere = Envelope { source: "/admitone/b".into(), ..event.clone() };
        assert_ne!(event.command("notices"), elsewhere.command("notices"));
    }
}
