//! What queues cannot do, for who reads pages: what this house knows is said in the reader's words, and what it does not
//! know as it came, which is in English.

use crate::language::Language;
use crate::unfit::in_words;
use admitone_app::ports::queues::Lack;

/// How a broker begins where it refuses to go on from elsewhere.
const NOT_MOVED: &str = "nothing was moved: ";

/// Why it does, for one lane, where `{}` stands for a value; and the keys of the words.
const PLACES: [(&str, &str); 2] = [
    ("there is no lane {}, they are 0 to {}", "queues.no_lane"),
    (
        "lane {} has the offsets {} to {} (the next job's), and {} is none of them",
        "queues.no_offset",
    ),
];

/// What is said of a queue, and whether that is English whatever the reader speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) is_english: bool,
}

impl Said {
    /// In the words of who answered.
    pub(crate) fn as_it_came(text: &str) -> Self {
        Self { text: text.to_owned(), is_english: true }
    }
}

/// What a kind of queue lacks or a broker refuses, in a language.
pub(super) fn lacking(language: Language, said: &str) -> Said {
    let lack = Lack::of(said).map(|lack| language.say(&format!("lack.{}", lack.name())).to_owned());
    match lack.or_else(|| not_moved(language, said)) {
        Some(text) => Said { text, is_english: false },
        None => Said::as_it_came(said),
    }
}

/// Why nothing goes on from elsewhere, lane by lane; none where a part of it is not known.
fn not_moved(language: Language, said: &str) -> Option<String> {
    let places = said.strip_prefix(NOT_MOVED)?.split("; ");
    let said = |place| in_words(language, &PLACES, place, |value| value);
    let places = places.map(said).collect::<Option<Vec<_>>>()?;
    Some(language.fill("queues.not_moved", &[&places.join(" ")]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_queues_lack_is_said_in_every_language() {
        for language in Language::all() {
            for lack in Lack::ALL {
                let key = format!("lack.{}", lack.name());
                let said = language.find(&key).unwrap_or_else(|| panic!("no words for {key}"));
                let wanted = Said { text: said.to_owned(), is_english: false };
                assert_eq!(lacking(language, lack.said()), wanted);
            }
            let other = "Of a newer house.";
            assert_eq!(lacking(language, other), Said::as_it_came(other));
        }
    }

    #[test]
    fn why_nothing_was_moved_is_said_in_korean() {
        let korean = Language::of_code("ko").unwrap();
        let said = lacking(
            korean,
            "nothing was moved: there is no lane 9, they are 0 to 3; \
             lane 3 has the offsets 5 to 9 (the next job's), and 120 is none of them",
        );
        assert!(!said.is_english);
        for part in ["9번 레인은 없습니다", "3번까지", "3번 레인에는 5부터 9", "120"]
        {
            assert!(said.text.contains(part), "{part}: {said:?}");
        }
        assert!(!said.text.bytes().any(|byte| byte.is_ascii_alphabetic()), "{said:?}");
        let half = "nothing was moved: there is no lane 9, they are 0 to 3; and more";
        assert_eq!(lacking(korean, half), Said::as_it_came(half), "none of it is left out");
    }

    /// The sentences are those of who says them.
    #[test]
    fn a_broker_refuses_in_these_words() {
        let source = include_str!("../../../../adapter-kafka/src/starts.rs");
        let source = source.replace("{lane}", "{}").replace("{offset}", "{}");
        for form in PLACES.iter().map(|(form, _)| *form).chain([NOT_MOVED]) {
            assert!(source.contains(form), "{form}");
        }
    }
}
