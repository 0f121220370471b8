//! Charges of one wallet: every acknowledged one is there once, and the balances that were told
//! are those of one order, which respects time.

use super::{Audited, Finding, grouped};
use crate::history::{Event, History, Outcome};
use admitone_domain::id::EntryId;
use std::collections::{BTreeMap, HashMap};

/// An entry as the house lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// How much came in.
    pub amount: i64,
}

/// Compares a history of charges with all entries of a wallet that was empty before, and with its
/// balance. `amount` says what a request charged.
pub fn audit(
    history: &History,
    amount: impl Fn(u64) -> i64,
    found: &[Entry],
    balance: i64,
) -> Audited {
    let by_id = grouped(found.iter().map(|entry| (entry.id, entry.amount)));
    let mut findings = Vec::new();
    let mut owners: HashMap<EntryId, u64> = HashMap::new();
    for (event, named, _) in history.done() {
        let (request, id) = (event.number, EntryId(named));
        if let Some(other) = owners.insert(id, request) {
            let requests = [other, request];
            findings.push(Finding::Shared { requests, acknowledged: id.to_string() });
        }
        findings.extend(compare(request, id, amount(request), by_id.get(&id)));
    }
    findings.extend(unowned(history, &amount, &by_id, &owners));
    let sum = found.iter().map(|entry| entry.amount).sum();
    if sum != balance {
        let what = "the balance against the sum of the entries".to_owned();
        findings.push(Finding::Miscounted { what, said: balance, counted: sum });
    }
    findings.extend(disordered(history, &amount));
    let checked = u64::try_from(history.events.len()).unwrap_or(u64::MAX);
    Audited { checked, findings, ..Audited::default() }
}

fn compare(request: u64, id: EntryId, wanted: i64, there: Option<&Vec<i64>>) -> Option<Finding> {
    match there.map(Vec::as_slice).unwrap_or_default() {
        [] => Some(Finding::Lost { request, acknowledged: id.to_string() }),
        [amount] if *amount == wanted => None,
        [amount] => Some(Finding::Different {
            request,
            found: format!("{id} over {amount}"),
            wanted: format!("{id} over {wanted}"),
        }),
        many => Some(Finding::Twice { request, found: vec![id.to_string(); many.len()] }),
    }
}

/// Entries that nobody was told of: each must be that of a request whose outcome is unknown.
fn unowned(
    history: &History,
    amount: impl Fn(u64) -> i64,
    by_id: &BTreeMap<EntryId, Vec<i64>>,
    owners: &HashMap<EntryId, u64>,
) -> Vec<Finding> {
    let is_unknown = |event: &&Event| matches!(event.outcome, Outcome::Unknown | Outcome::Wrong);
    let unknown = history.events.iter().filter(is_unknown);
    let mut possible = grouped(unknown.map(|event| (amount(event.number), event.number)));
    let mut findings = Vec::new();
    for (id, amounts) in by_id.iter().filter(|(id, _)| !owners.contains_key(id)) {
        for amount in amounts {
            if possible.get_mut(amount).and_then(Vec::pop).is_none() {
                findings.push(Finding::Foreign { found: format!("{id} over {amount}") });
            }
        }
    }
    findings
}

/// In the order of the balances, each charge begins where the one before ended, or later if
/// somebody unknown came between; and none comes behind one that was sent after its answer.
fn disordered(history: &History, amount: impl Fn(u64) -> i64) -> Vec<Finding> {
    let mut told: Vec<(i64, &Event)> =
        history.done().map(|(event, _, balance)| (balance, event)).collect();
    told.sort_by_key(|(balance, event)| (*balance, event.number));
    let (mut before, mut latest_sent_ns) = (0, 0);
    let mut findings = Vec::new();
    for (balance, event) in told {
        let overlaps = balance - amount(event.number) < before;
        if overlaps || event.ended_ns < latest_sent_ns {
            findings.push(Finding::Disordered { request: event.number, balance });
        }
        before = balance.max(before);
        latest_sent_ns = event.sent_ns.max(latest_sent_ns);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Window;

    fn amount(number: u64) -> i64 {
        i64::try_from(number).unwrap() + 1
    }

    fn event(number: u64, named: u64, balance: i64) -> Event {
        Event {
            number,
            intended_ns: number * 10,
            sent_ns: number * 10,
            ended_ns: number * 10 + 15,
            outcome: Outcome::Done { named, value: balance },
            ..Event::default()
        }
    }

    /// Charges of 1, 2 and 3, each sent before the one before was answered.
    fn told() -> Vec<Event> {
        vec![event(0, 50, 1), event(1, 51, 3), event(2, 52, 6)]
    }

    fn there() -> Vec<Entry> {
        (0..3).map(|n| Entry { id: EntryId(50 + n), amount: amount(n) }).collect()
    }

    fn findings(events: Vec<Event>, found: &[Entry], balance: i64) -> Vec<Finding> {
        let window = Window { from_ns: 0, to_ns: 100 };
        audit(&History { events, window }, amount, found, balance).findings
    }

    #[test]
    fn a_sound_wallet_is_acquitted() {
        assert_eq!(findings(told(), &there(), 6), []);
    }

    #[test]
    fn charges_under_way_together_may_be_settled_in_either_order() {
        let events = vec![event(0, 50, 3), event(1, 51, 2), event(2, 52, 6)];
        assert_eq!(findings(events, &there(), 6), []);
    }

    #[test]
    fn a_lost_charge_is_found() {
        let found = [there()[0], there()[2]];
        let lost = Finding::Lost { request: 1, acknowledged: "entry_51".into() };
        assert_eq!(findings(told(), &found, 4), [lost]);
    }

    #[test]
    fn a_doubled_charge_is_found() {
        let mut found = there();
        found.push(Entry { id: EntryId(53), amount: 2 });
        let foreign = Finding::Foreign { found: "entry_53 over 2".into() };
        assert_eq!(findings(told(), &found, 8), [foreign]);
    }

    #[test]
    fn an_entry_that_is_listed_twice_is_found() {
        let mut found = there();
        found.push(found[1]);
        let findings = findings(told(), &found, 8);
        assert!(matches!(findings[..], [Finding::Twice { request: 1, .. }]), "{findings:?}");
    }

    #[test]
    fn an_entry_over_another_amount_is_found() {
        let mut found = there();
        found[1].amount = 20;
        let findings = findings(told(), &found, 24);
        assert!(matches!(findings[..], [Finding::Different { request: 1, .. }]), "{findings:?}");
    }

    #[test]
    fn an_entry_that_two_were_told_is_found() {
        let events = vec![event(0, 50, 1), event(1, 51, 3), event(2, 51, 6)];
        let findings = findings(events, &there()[..2], 3);
        let shared = Finding::Shared { requests: [1, 2], acknowledged: "entry_51".into() };
        assert!(findings.contains(&shared), "{findings:?}");
    }

    #[test]
    fn a_balance_that_is_not_the_sum_is_found() {
        let findings = findings(told(), &there(), 7);
        assert!(matches!(findings[..], [Finding::Miscounted { said: 7, counted: 6, .. }]));
    }

    #[test]
    fn a_lost_update_shows_in_the_balances_that_were_told() {
        // Both 2 and 3 were added to the same balance of 1.
        let events = vec![event(0, 50, 1), event(1, 51, 3), event(2, 52, 4)];
        let found = findings(events, &there(), 6);
        assert!(matches!(found[..], [Finding::Disordered { request: 2, balance: 4 }]), "{found:?}");
    }

    #[test]
    fn an_order_against_time_is_found() {
        // The last is settled first, though it was sent when the first was answered already.
        let events = vec![event(2, 52, 3), event(0, 50, 4), event(1, 51, 6)];
        let found = findings(events, &there(), 6);
        assert!(found.contains(&Finding::Disordered { request: 0, balance: 4 }), "{found:?}");
    }

    #[test]
    fn an_unknown_charge_may_be_there_or_not_but_not_twice() {
        let mut events = told();
        events[1].outcome = Outcome::Unknown;
        let mut found = there();
        assert_eq!(findings(events.clone(), &found, 6), []);
        found.push(Entry { id: EntryId(99), amount: 2 });
        assert!(matches!(findings(events, &found, 8)[..], [Finding::Foreign { .. }]));
    }
}
