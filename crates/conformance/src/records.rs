//! What the history promises.

use crate::cases::cases;
use crate::steps::{ANN, BOB, command, hold, sale, settle};
use crate::{Case, CaseFuture, Fresh, Promised};
use admitone_app::ports::records::{Changes, Mark, Sought};
use admitone_app::ports::store::Mode;
use admitone_domain::command::Release;
use admitone_domain::id::{OperatorId, ReservationId};
use admitone_domain::{Action, Actor, Deed, Event, Happening, Key};

pub(crate) const ALL: &[Case] = cases![
    what_staff_did_is_found_newest_first: Always,
    what_happened_to_one_thing_is_found_and_nothing_else: Always,
];

const EVE: Actor = Actor::Operator(OperatorId(3));
const HERS: ReservationId = ReservationId(11);
const HIS: ReservationId = ReservationId(12);

/// Ann's hold is released by an operator, Bob's by himself.
async fn two_holds(fresh: &Fresh, mode: Mode) {
    sale(fresh, mode, 10).await;
    let release = |reservation| Action::Release(Release { reservation });
    for wish in [
        hold(HERS.0, ANN, 1),
        hold(HIS.0, BOB, 2),
        command(13, EVE, release(HERS)),
        command(14, Actor::Buyer(BOB), release(HIS)),
    ] {
        let answers = settle(fresh, mode, vec![wish]).await;
        answers[0].as_ref().unwrap_or_else(|refusal| panic!("{refusal}"));
    }
}

/// All that a search finds, in parts of so many.
async fn all<F: Future<Output = Changes>>(
    part: impl Fn(Option<Mark>, usize) -> F,
    limit: usize,
) -> Vec<Event> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let changes = part(before, limit).await;
        assert!(changes.found.len() <= limit, "{changes:?}");
        found.extend(changes.found.into_iter().map(|(_, event)| event));
        match changes.next {
            Some(next) => before = Some(next),
            None => return found,
        }
    }
}

async fn what_staff_did_is_found_newest_first(fresh: Fresh, mode: Mode) {
    two_holds(&fresh, mode).await;
    let part = |before, limit| {
        let records = fresh.records.clone();
        async move {
            records.search(Sought::OfStaff, before, limit).await.unwrap_or_else(|e| panic!("{e}"))
        }
    };
    let found = all(part, 100).await;
    let by = EVE.to_string();
    assert_eq!(found[0].what, Happening::Acted { by, deed: Deed::Released });
    assert_eq!(found[0].aggregate, Key::Reservation(HERS));
    let house = Happening::Changed { by: "house".into() };
    assert!(found[1..].iter().all(|event| event.what == house), "{found:?}");
    assert_eq!(all(part, 1).await, found, "the cursor skips nothing and repeats nothing");
}

async fn what_happened_to_one_thing_is_found_and_nothing_else(fresh: Fresh, mode: Mode) {
    two_holds(&fresh, mode).await;
    let part = |keys: &'static [Key]| {
        let records = fresh.records.clone();
        move |before, limit| {
            let records = records.clone();
            async move {
                records
                    .search(Sought::About(keys), before, limit)
                    .await
                    .unwrap_or_else(|e| panic!("{e}"))
            }
        }
    };
    let hers = all(part(&[Key::Reservation(HERS)]), 100).await;
    assert!(hers.iter().all(|event| event.aggregate == Key::Reservation(HERS)), "{hers:?}");
    assert!(matches!(hers.last().map(|event| &event.what), Some(Happening::Held { .. })));
    assert!(hers.iter().any(|event| event.what == Happening::Released), "{hers:?}");
    let his = all(part(&[Key::Reservation(HIS)]), 100).await;
    let what: Vec<&Happening> = his.iter().map(|event| &event.what).collect();
    assert!(matches!(what[..], [Happening::Released, Happening::Held { .. }]), "{what:?}");
    let both = all(part(&[Key::Reservation(HERS), Key::Reservation(HIS)]), 100).await;
    assert_eq!(both.len(), hers.len() + his.len());
    let in_parts = all(part(&[Key::Reservation(HERS), Key::Reservation(HIS)]), 1).await;
    assert_eq!(in_parts, both, "the cursor skips nothing and repeats nothing");
}
