//! What cannot be taken as it is, for who reads pages: the sentences of those that change something for operators
//! are known again, and said in the reader's words. What is not known is said as it came.

use crate::language::Language;
use std::fmt::Display;

/// Sentences as they come, where `{}` stands for a value, and the keys of their words.
const KNOWN: [(&str, &str); 28] = [
    ("`{}` must not be empty", "unfit.empty"),
    ("`blocks` must have 1 to 100,000 seats together", "unfit.blocks"),
    ("`label` has at most {} characters", "unfit.label"),
    ("`name`, `price` and `capacity` are required", "unfit.type"),
    ("`currency`: {}", "unfit.currency"),
    (
        "`opens_at`, `closes_at`, `booking_opens_at` and `booking_closes_at` are required",
        "unfit.times",
    ),
    ("`time_zone` must be an IANA name such as Asia/Seoul", "unfit.zone"),
    ("`hold_seconds` must be between 1 and 86400", "unfit.hold"),
    ("`per_reservation_max` must be at least 1", "unfit.per_reservation"),
    ("`name` must have 1 to 100 letters", "unfit.name"),
    ("`url`: the address cannot be used: it must not have a part behind `#`", "unfit.url_part"),
    ("`url`: the address cannot be used: it must be `https://HOST/PATH`", "unfit.url_form"),
    ("`url`: the address cannot be used: it must begin with `https://`", "unfit.url_scheme"),
    ("`url`: the address cannot be used: it must name a host", "unfit.url_host"),
    (
        "`url`: the address cannot be used: it must not hold a name or a password",
        "unfit.url_account",
    ),
    ("`url`: the address cannot be used: its port must be a number up to 65535", "unfit.url_port"),
    (
        "`url`: the address has no TLS: write https:// (webhooks.private_addresses allows http://)",
        "unfit.url_plain",
    ),
    (
        "`url`: {} leads to {}, which is not on the open net; webhooks.private_addresses allows it",
        "unfit.url_private",
    ),
    ("`url`: {}", "unfit.url"),
    (
        "`types`: nothing has the type `{}`; docs/events.md lists them, and `show.*` stands for all that begin so",
        "unfit.event",
    ),
    ("`since` is not over yet", "unfit.since"),
    ("it is disabled: enable it first", "unfit.disabled"),
    ("enough is told again already: wait for it", "unfit.replays"),
    ("there are as many endpoints as there can be", "unfit.endpoints"),
    ("there is no setting `{}`", "unfit.setting"),
    ("settings must be an object", "unfit.settings"),
    ("{} must be at most {}", "unfit.at_most"),
    ("{} must be {} to {}", "unfit.range"),
];

/// Fields, and the keys of what pages call them.
const FIELDS: [(&str, &str); 8] = [
    ("name", "programme.name"),
    ("title", "concerts.words"),
    ("category", "concerts.category"),
    ("venue", "programme.venue"),
    ("active_max", "live.active_max"),
    ("rate.users", "live.users"),
    ("rate.interval_ms", "live.interval_ms"),
    ("message", "live.message"),
];

/// The same in the words of a language.
pub(crate) fn said(language: Language, text: &str) -> String {
    let said = in_words(language, &KNOWN, text, |value| named(language, value));
    said.unwrap_or_else(|| text.to_owned())
}

/// A text in the words of the first form that it has, each value as `name` calls it; none where it has none of them.
pub(crate) fn in_words<'a>(
    language: Language,
    forms: &[(&str, &str)],
    text: &'a str,
    name: impl Fn(&'a str) -> &'a str,
) -> Option<String> {
    let mut forms = forms.iter();
    let (values, key) = forms.find_map(|(form, key)| Some((values(form, text)?, key)))?;
    let values: Vec<&str> = values.into_iter().map(name).collect();
    let values: Vec<&dyn Display> = values.iter().map(|value| value as &dyn Display).collect();
    Some(language.fill(key, &values))
}

/// What a page calls a field; what is none stays as it is.
fn named(language: Language, value: &str) -> &str {
    let known = FIELDS.iter().find(|(field, _)| *field == value);
    known.and_then(|(_, key)| language.find(key)).unwrap_or(value)
}

/// What stands where a form has `{}`; none where the text is of another form.
fn values<'a>(form: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = form.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let end = if parts.peek().is_none() && part.is_empty() {
            rest.len()
        } else if parts.peek().is_none() {
            rest.len() - rest.strip_suffix(part).map(|_| part.len())?
        } else {
            rest.find(part)?
        };
        let (value, after) = rest.split_at(end);
        values.push(value);
        rest = after.strip_prefix(part)?;
    }
    rest.is_empty().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where what operators change is refused by a sentence.
    const SOURCES: [&str; 6] = [
        include_str!("../../app/src/operating.rs"),
        include_str!("../../app/src/operating/concert.rs"),
        include_str!("../../app/src/operating/key.rs"),
        include_str!("../../app/src/operating/show.rs"),
        include_str!("../../app/src/operating/stock.rs"),
        include_str!("../../app/src/webhooks/desk.rs"),
    ];

    /// The sentences of the sources, with a word for each value: what is quoted and begins with the name of a
    /// field. Lines that are broken are joined as the compiler joins them.
    fn sentences() -> Vec<String> {
        let mut found = Vec::new();
        for source in SOURCES {
            let code = source.split("#[cfg(test)]").next().unwrap_or_default();
            for quoted in code.split('"').skip(1).step_by(2).filter(|text| text.starts_with('`')) {
                let lines = quoted.split("\\\n").map(str::trim_start);
                let joined = lines.collect::<String>();
                let mut parts = joined.split('{');
                let mut said = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    said.push_str("word");
                    said.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
                }
                found.push(said);
            }
        }
        found
    }

    #[test]
    fn whatever_is_refused_by_a_sentence_is_refused_in_korean_too() {
        let korean = Language::of_code("ko").unwrap();
        let all = sentences();
        assert!(all.len() > 8, "{all:?}");
        for sentence in all {
            let said = said(korean, &sentence);
            assert_ne!(said, sentence, "no words for it");
        }
        for (_, key) in KNOWN {
            assert!(korean.find(key).is_some(), "{key}");
        }
    }

    /// Why the address of an endpoint is refused, as the sources of who calls it have it.
    fn addresses() -> Vec<String> {
        let target = include_str!("../../adapter-http/src/target.rs");
        let failed = include_str!("../../adapter-http/src/failed.rs");
        let quoted = |text: &str| text.split('"').next().unwrap_or_default().to_owned();
        let mut found: Vec<String> =
            target.split("Failed::Address(\"").skip(1).map(quoted).collect();
        for reason in &mut found {
            *reason = failed
                .split('"')
                .find(|text| text.ends_with(": {0}") && text.starts_with("the address"))
                .map(|form| form.replace("{0}", reason))
                .unwrap_or_default();
        }
        let others = failed.split('"').filter(|text| text.contains("webhooks.private_addresses"));
        found.extend(
            others.map(|text| text.replace("{host}", "a.example").replace("{found}", "::1")),
        );
        found
    }

    #[test]
    fn why_an_address_is_refused_is_said_in_korean_whatever_it_is() {
        let korean = Language::of_code("ko").unwrap();
        let all = addresses();
        assert!(all.len() >= 9, "{all:?}");
        for why in all {
            let said = said(korean, &format!("`url`: {why}"));
            assert!(!said.contains(&why), "no words for it: {said}");
            let words = said.replace("https", "").replace("a.example", "").replace("HOST/PATH", "");
            assert!(!words.bytes().any(|byte| byte.is_ascii_alphabetic()), "{said}");
        }
    }

    #[test]
    fn values_are_found_between_the_words() {
        assert_eq!(
            values("`{}` must not be empty", "`name` must not be empty"),
            Some(vec!["name"])
        );
        assert_eq!(
            values("{} must be {} to {}", "a must be 1 s to 24 h"),
            Some(vec!["a", "1 s", "24 h"])
        );
        assert_eq!(values("`url`: {}", "`url`: why"), Some(vec!["why"]));
        assert_eq!(values("as it is", "as it is"), Some(vec![]));
        for other in ["", "`name` must be", "`` must not be empty!"] {
            assert_eq!(values("`{}` must not be empty", other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_came() {
        let english = Language::of_code("en").unwrap();
        assert_eq!(said(english, "이미 진행 중입니다"), "이미 진행 중입니다");
        let said = said(english, "active_max must be 1 to 1,000,000");
        assert_eq!(said, "At most inside: 1 to 1,000,000.");
    }
}
