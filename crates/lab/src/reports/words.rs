//! Numbers and names as people read them.

use super::{Report, UNDECIDED};
use crate::figures::Spread;
use crate::history::Op;
use std::collections::BTreeMap;

/// The name of a kind of request.
pub(super) fn op(op: Op) -> String {
    let text = serde_json::to_value(op).ok();
    text.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// A number with as many digits as it is worth: 12,300; 412; 4.1; 0.04. What has no end, or is no
/// number, is a line.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "—".to_owned();
    }
    let digits = match value.abs() {
        great if great >= 100.0 => 0,
        some if some >= 10.0 => 1,
        small if small >= 0.995 => 2,
        0.0 => 0,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |parts| parts);
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |rest| ("-", rest));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{dot}{rest}")
}

/// A figure over runs: its median, and between what it lay.
pub(crate) fn spread(spread: Option<Spread>) -> String {
    match spread {
        None => "—".to_owned(),
        Some(Spread { median, min, max }) if (max - min).abs() < f64::EPSILON => number(median),
        Some(Spread { median, min, max }) => {
            format!("{} ({} to {})", number(median), number(min), number(max))
        }
    }
}

/// A figure that may be missing.
pub(crate) fn maybe(value: Option<f64>) -> String {
    value.map_or_else(|| "—".to_owned(), number)
}

/// Nothing found in so many of something: what that says at 95 %, by the rule of three.
pub(crate) fn bound(commands: u64, of_what: &str) -> String {
    if commands == 0 {
        return "nothing was audited".to_owned();
    }
    let each = 3.0 / crate::figures::real(commands);
    format!("0 of {} {of_what}: fewer than {each:.1e} each, at 95 %", number_of(commands))
}

/// That nothing was found in a report, with what follows from it and what was given up.
pub(super) fn nothing_found(report: &Report) -> String {
    bound(report.commands(), "commands") + &given_up(report)
}

/// What the audits of a report gave up on, of each kind, to be said behind what they found.
pub(super) fn given_up(report: &Report) -> String {
    let kinds = UNDECIDED.iter().filter_map(|kind| {
        let each = report.runs.iter().filter_map(|run| run.checked.get(*kind));
        let many = each.sum::<u64>();
        (many > 0).then(|| format!("; {} {kind}", number_of(many)))
    });
    kinds.collect()
}

/// When a report began, by the world's clock.
pub(super) fn date(began_s: u64) -> String {
    let at = i64::try_from(began_s).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
    at.map_or_else(|| "nobody knows when".to_owned(), |at| at.to_string())
}

/// How often each outcome came that was not as wanted, over all acts of all runs.
pub(super) fn otherwise(report: &Report) -> BTreeMap<&str, u64> {
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    for act in report.runs.iter().flat_map(|run| &run.acts) {
        for (name, count) in act.outcomes.iter().filter(|(name, _)| *name != "done") {
            *others.entry(name).or_default() += count;
        }
    }
    others
}

/// What a report in which nothing was found is called, and whether that says something of all of it.
pub(super) fn sound(report: &Report) -> (&'static str, bool) {
    match (report.commands(), report.undecided()) {
        (0, _) => ("not audited", false),
        (_, 0) => ("sound", true),
        _ => ("sound as far as it was decided", false),
    }
}

/// How much the audits of a cell gave up on, to be said behind what they found; nothing where that is nothing.
pub(crate) fn undecided(many: u64) -> String {
    if many == 0 { String::new() } else { format!("; {} undecided", number_of(many)) }
}

/// How many instances.
pub(super) fn instances(count: usize) -> String {
    if count == 1 { "1 instance".to_owned() } else { format!("{count} instances") }
}

/// Versions in a line; ours is a number alone.
pub(crate) fn versions(versions: &BTreeMap<String, String>) -> String {
    let named = versions.iter().map(|(name, version)| match name.as_str() {
        "admitone" => format!("admitone {version}"),
        _ => version.clone(),
    });
    named.collect::<Vec<_>>().join("; ")
}

/// A whole number.
pub(crate) fn number_of(value: u64) -> String {
    number(crate::figures::real(value).max(0.0)).replace(".00", "").replace(".0", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_without_knowing_where_it_was() {
        assert_eq!(date(1_795_812_908), "2026-11-27T20:55:08Z");
        assert_eq!(date(u64::MAX), "nobody knows when");
    }

    #[test]
    fn numbers_have_the_digits_that_they_are_worth() {
        let read: Vec<String> =
            [12_345.6, 412.4, 41.26, 4.126, 0.041, 0.0, -1_000.0].map(number).into();
        assert_eq!(read, ["12,346", "412", "41.3", "4.13", "0.041", "0", "-1,000"]);
        assert_eq!(number_of(7), "7");
        assert_eq!(number_of(1_000_000), "1,000,000");
        assert!(bound(3_000, "commands").contains("1.0e-3"), "{}", bound(3_000, "commands"));
    }
}
