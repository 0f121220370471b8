//! JSON of a body, and what is said of one that is none.

use crate::problem::Problem;
use serde::de::DeserializeOwned;

/// So much of the way to a field is said, in characters.
const PATH_MAX: usize = 100;

/// So much of what is wrong is said, in characters.
const TEXT_MAX: usize = 500;

/// JSON of any kind; what is wrong with it, and in which field.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::invalid(with_field::<T>(body, &error)))
}

/// The same of what must be an object: serde would take an array for one, field by field.
pub(crate) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
        return Err(Problem::invalid("the body must be a JSON object"));
    }
    json(body)
}

/// An error with the way to the field in front of it, where it is about one. The body is read once more for
/// that: who sends what is right does not pay for it. Both are cut: a name or a text of the body may stand in them.
fn with_field<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> String {
    let read = &mut serde_json::Deserializer::from_slice(body);
    let text = cut(&error.to_string(), TEXT_MAX);
    match serde_path_to_error::deserialize::<_, T>(read) {
        Err(wrong) if error.is_data() && wrong.path().iter().next().is_some() => {
            format!("`{}`: {text}", cut(&wrong.path().to_string(), PATH_MAX))
        }
        _ => text,
    }
}

/// At most so many characters of a text.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        #[serde(rename = "amount")]
        _amount: i64,
        #[serde(rename = "seats", default)]
        _seats: Vec<Place>,
    }

    #[derive(Debug, Deserialize)]
    struct Place {
        #[serde(rename = "row")]
        _row: u32,
    }

    #[test]
    fn what_is_wrong_with_a_body_names_the_field() {
        let said = |body: &str| json::<Wish>(body.as_bytes()).unwrap_err().detail;
        for (body, begin) in [
            (r#"{"amount":{}}"#, "`amount`: invalid type: map, expected i64 at line 1"),
            (
                r#"{"amount":1,"seats":[{"row":1},{"row":"a"}]}"#,
                "`seats[1].row`: invalid type: string",
            ),
            (r#"{"amount":1,"seats":[{}]}"#, "`seats[0]`: missing field `row`"),
            ("{}", "missing field `amount`"),
            (r#"{"amount":"#, "EOF while parsing"),
            (r#"{"amount":1} x"#, "trailing characters"),
        ] {
            assert!(said(body).starts_with(begin), "{body}: {}", said(body));
        }
        let unknown = said(r#"{"amount":1,"colour":2}"#);
        assert!(unknown.starts_with("`colour`: unknown field `colour`, expected"), "{unknown}");
        json::<Wish>(br#"{"amount":1,"seats":[{"row":2}]}"#).unwrap();
    }

    #[test]
    fn an_array_is_no_object_though_its_fields_would_fit() {
        json::<Wish>(b"[1,[]]").unwrap();
        assert_eq!(
            object::<Wish>(b" [1,[]]").unwrap_err().detail,
            "the body must be a JSON object"
        );
        object::<Wish>(b" {\"amount\":1}").unwrap();
    }

    #[test]
    fn what_is_wrong_is_said_in_few_words_whatever_the_body_holds() {
        let said = |body: &str| json::<Wish>(body.as_bytes()).unwrap_err().detail;
        let long = "가".repeat(10_000);
        for body in [
            format!(r#"{{"amount":1,"{long}":2}}"#),
            format!(r#"{{"amount":"{long}"}}"#),
            format!(r#"{{"amount":1,"seats":[{{"row":"{long}"}}]}}"#),
        ] {
            let said = said(&body);
            assert!(said.contains('가') && said.contains('…'), "{said}");
            assert!(said.chars().count() <= PATH_MAX + TEXT_MAX + 6, "{}", said.chars().count());
        }
        assert_eq!((cut("가나", 2), cut("가나다", 2)), ("가나".to_owned(), "가나…".to_owned()));
    }
}
