//! The languages of the pages, and which one a visitor reads.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;

/// Code, own name, words. The first is spoken where nothing else is asked for, and says what
/// another one leaves out.
const LANGUAGES: [(&str, &str, &str); 2] = [
    ("en", "English", include_str!("../messages/en.toml")),
    ("ko", "한국어", include_str!("../messages/ko.toml")),
];

static CATALOGUES: LazyLock<Vec<Catalogue>> =
    LazyLock::new(|| LANGUAGES.iter().map(|(_, _, words)| catalogue(words)).collect());

type Catalogue = HashMap<String, String>;

/// One of the languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Language(usize);

impl Language {
    /// All there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..LANGUAGES.len()).map(Self)
    }

    /// The language with this code.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        LANGUAGES.iter().position(|(known, _, _)| *known == code).map(Self)
    }

    /// The first one of a header `Accept-Language` that is spoken here.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for wish in header.split(',') {
            let mut parts = wish.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok());
            let weight: f32 = weight.unwrap_or(1.0);
            let code = tag.split('-').next().unwrap_or_default();
            let is_better = best.is_none_or(|(known, _)| weight > known);
            if let Some(found) = Self::of_code(code).filter(|_| is_better && weight > 0.0) {
                best = Some((weight, found));
            }
        }
        best.map(|(_, found)| found)
    }

    /// Its code, such as `ko`.
    pub(crate) fn code(self) -> &'static str {
        LANGUAGES[self.0].0
    }

    /// What it calls itself.
    pub(crate) fn own_name(self) -> &'static str {
        LANGUAGES[self.0].1
    }

    /// The words under a key; the key itself where there are none.
    pub(crate) fn say(self, key: &str) -> &str {
        let found = CATALOGUES[self.0].get(key).or_else(|| CATALOGUES[0].get(key));
        found.map_or(key, String::as_str)
    }

    /// The words under a key, if there are any.
    pub(crate) fn find(self, key: &str) -> Option<&'static str> {
        CATALOGUES[self.0].get(key).map(String::as_str)
    }

    /// The same with values where `{1}`, `{2}` … stand.
    pub(crate) fn fill(self, key: &str, values: &[&dyn Display]) -> String {
        let mut words = self.say(key).to_owned();
        for (value, number) in values.iter().zip(1..) {
            words = words.replace(&format!("{{{number}}}"), &value.to_string());
        }
        words
    }
}

/// The words of a file: its tables and keys, joined by dots.
#[expect(clippy::expect_used, reason = "a test reads the files that are in the binary")]
fn catalogue(text: &str) -> Catalogue {
    let table: toml::Table = text.parse().expect("the words are TOML");
    let mut words = Catalogue::new();
    for (part, keys) in table {
        for (key, said) in keys.as_table().into_iter().flatten() {
            words.insert(format!("{part}.{key}"), said.as_str().unwrap_or_default().to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_language_has_every_key_with_the_same_values() {
        let shape = |words: &Catalogue| -> BTreeSet<(String, Vec<bool>)> {
            let places = |said: &String| {
                (1..5).map(|number| said.contains(&format!("{{{number}}}"))).collect()
            };
            words.iter().map(|(key, said)| (key.clone(), places(said))).collect()
        };
        let first = shape(&CATALOGUES[0]);
        assert!(first.len() > 50);
        for (language, words) in Language::all().zip(CATALOGUES.iter()).skip(1) {
            let other = shape(words);
            let differ: Vec<_> = first.symmetric_difference(&other).collect();
            assert!(differ.is_empty(), "{}: {differ:?}", language.code());
        }
        assert!(CATALOGUES.iter().flatten().all(|(_, said)| !said.is_empty()));
    }

    #[test]
    fn the_language_with_the_greatest_weight_that_is_spoken_is_taken() {
        let code = |header| Language::accepted(header).map(Language::code);
        assert_eq!(code("ko-KR,ko;q=0.9,en-US;q=0.8"), Some("ko"));
        assert_eq!(code("fr, en;q=0.4, ko;q=0.7"), Some("ko"));
        assert_eq!(code("en, ko;q=0"), Some("en"));
        assert_eq!(code("fr"), None);
        assert_eq!(code(""), None);
    }

    #[test]
    fn values_stand_where_their_numbers_are() {
        assert_eq!(Language(0).fill("no such {2} {1}", &[&"a", &2]), "no such 2 a");
    }

    /// What the sources and templates ask for: every quoted word behind `say(` and its sisters.
    #[test]
    fn every_key_that_is_asked_for_is_there() {
        let mut asked = Vec::new();
        for folder in ["src", "templates", "assets"] {
            collect(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut asked);
        }
        assert!(asked.len() > 50);
        asked.retain(|key: &String| !CATALOGUES[0].contains_key(key));
        assert!(asked.is_empty(), "no words for {asked:?}");
    }

    fn collect(place: std::path::PathBuf, asked: &mut Vec<String>) {
        if place.is_dir() {
            for entry in std::fs::read_dir(place).unwrap() {
                collect(entry.unwrap().path(), asked);
            }
            return;
        }
        let text = std::fs::read_to_string(place).unwrap();
        for call in ["say(\"", "fill(\"", "say1(\"", "say2(\"", "say3(\""] {
            let begins = format!(".{call}");
            let calls = text.split(&begins).skip(1);
            let keys = calls.filter_map(|rest| rest.split('"').next());
            asked.extend(keys.filter(|key| !key.contains(' ')).map(str::to_owned));
        }
    }
}
