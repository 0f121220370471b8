//! What notes, which are kept beside the roads, promise.

use super::FreshLanes;
use admitone_app::Trouble;
use admitone_app::ports::notes::{Kind, Mark, Note};
use admitone_domain::Moment;

fn note(kind: Kind, id: &str, version: u64, at: i64) -> Note {
    let text = format!(r#"{{"version":{version},"said":"a='b\\\"&c=한"}}"#);
    Note { kind, id: id.into(), about: "res_1".into(), version, at: Moment(at), text }
}

fn unwrapped<T>(found: Result<T, Trouble>) -> T {
    found.unwrap_or_else(|trouble| panic!("{trouble}"))
}

impl FreshLanes {
    async fn put(&self, notes: &[Note]) -> Vec<String> {
        unwrapped(self.notes.put_notes(notes).await)
    }

    async fn listed(&self, about: Option<&str>, behind: Option<&Mark>, limit: usize) -> Vec<Note> {
        unwrapped(self.notes.notes_about(Kind::Notice, about, behind, limit).await)
    }
}

pub(super) async fn a_note_is_kept_and_changed_by_one_at_a_time(fresh: FreshLanes) {
    let first = |version| note(Kind::Notice, "first", version, 5);
    let none: Vec<String> = Vec::new();
    assert_eq!(fresh.put(&[]).await, none);
    assert_eq!(fresh.put(&[first(2)]).await, none, "there is nothing to be changed");
    assert_eq!(fresh.put(&[first(1)]).await, ["first"]);
    assert_eq!(fresh.put(&[first(1)]).await, none, "it is there already");
    // Of the same name and another kind it is another one.
    let report = note(Kind::Report, "first", 1, 5);
    let both = [first(2), report.clone(), note(Kind::Notice, "second", 1, 6)];
    let mut kept = fresh.put(&both).await;
    kept.sort_unstable();
    assert_eq!(kept, ["first", "first", "second"]);
    assert_eq!(fresh.put(&[first(2)]).await, none, "somebody was faster");
    let asked = ["first", "nobody"].map(str::to_owned);
    assert_eq!(unwrapped(fresh.notes.notes(Kind::Notice, &asked).await), [first(2)]);
    assert_eq!(unwrapped(fresh.notes.notes(Kind::Report, &asked).await), [report]);
    assert_eq!(unwrapped(fresh.notes.notes(Kind::Notice, &[]).await), []);
}

pub(super) async fn notes_are_listed_the_newest_first(fresh: FreshLanes) {
    let elsewhere = Note { about: String::new(), ..note(Kind::Notice, "c", 1, 7) };
    let [a, b, d] = [("a", 7), ("b", 7), ("d", 9)].map(|(id, at)| note(Kind::Notice, id, 1, at));
    fresh.put(&[a.clone(), b.clone(), elsewhere.clone(), d.clone()]).await;
    fresh.put(&[note(Kind::Report, "e", 1, 9)]).await;
    let all = [&d, &elsewhere, &b, &a].map(Clone::clone);
    assert_eq!(fresh.listed(None, None, 9).await, all);
    assert_eq!(fresh.listed(None, None, 2).await, all[..2]);
    assert_eq!(fresh.listed(None, Some(&all[1].mark()), 9).await, all[2..]);
    assert_eq!(fresh.listed(Some("res_1"), None, 9).await, [d.clone(), b.clone(), a.clone()]);
    assert_eq!(fresh.listed(Some("res_1"), Some(&d.mark()), 1).await, [b]);
    assert_eq!(fresh.listed(Some(""), None, 9).await, [elsewhere]);
    assert_eq!(fresh.listed(Some("res_2"), None, 9).await, []);
    // Changed, it stands where it stood.
    fresh.put(&[note(Kind::Notice, "a", 2, 7)]).await;
    assert_eq!(fresh.listed(None, None, 9).await[3], note(Kind::Notice, "a", 2, 7));
}

pub(super) async fn old_notes_of_a_kind_are_dropped(fresh: FreshLanes) {
    let [old, new] = [("old", 4), ("new", 5)].map(|(id, at)| note(Kind::Notice, id, 1, at));
    let report = note(Kind::Report, "old", 1, 4);
    fresh.put(&[old, new.clone(), report.clone()]).await;
    unwrapped(fresh.notes.drop_notes(Kind::Notice, Moment(5)).await);
    assert_eq!(fresh.listed(None, None, 9).await, [new]);
    let asked = ["old".to_owned()];
    assert_eq!(unwrapped(fresh.notes.notes(Kind::Report, &asked).await), [report]);
}
