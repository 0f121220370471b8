//! `admitone events` and `admitone asyncapi`: what is told of outside, as documents.

mod asyncapi;

use admitone_app::events::catalogue::{EventKind, Field, Form, KINDS};
use admitone_app::webhooks::{GIVEN_UP_MS, STEPS_MS};

pub(crate) use asyncapi::document as asyncapi;

/// What stands before the catalogue.
const ABOUT: &str = include_str!("events/about.txt");

/// Every type of event with what is told of it.
pub(crate) fn document() -> String {
    let (steps, days) = (steps(), GIVEN_UP_MS / (24 * 3_600_000));
    let mut text = ABOUT.replace("{steps}", &steps).replace("{days}", &days.to_string());
    for kind in KINDS {
        describe(kind, &mut text);
    }
    text
}

fn describe(kind: &EventKind, text: &mut String) {
    for part in ["\n### `", kind.name, "`\n\n", kind.about, "\n"] {
        *text += part;
    }
    if kind.fields.is_empty() {
        return;
    }
    *text += "\n| data | form | meaning |\n| --- | --- | --- |\n";
    for Field { name, form, about } in kind.fields {
        for part in ["| `", name, "` | ", &shown(*form), " | ", about, " |\n"] {
            *text += part;
        }
    }
}

/// A form for people.
fn shown(form: Form) -> String {
    match form {
        Form::Id(prefix) => format!("`{prefix}_…`"),
        Form::MaybeId(prefix) => format!("`{prefix}_…` or null"),
        Form::Moment => "RFC 3339".to_owned(),
        Form::Number => "whole number".to_owned(),
        Form::Numbers => "list of whole numbers".to_owned(),
        Form::Text => "text".to_owned(),
        Form::Word(words) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            quoted.join(", ")
        }
    }
}

/// The waits between attempts.
fn steps() -> String {
    let one = |ms: &u64| match ms / 1_000 {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    };
    STEPS_MS.iter().map(one).collect::<Vec<String>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::webhooks::sign;

    #[test]
    fn every_type_is_described_with_all_that_is_told_of_it() {
        let text = document();
        for kind in KINDS {
            let heading = format!("\n### `{}`\n", kind.name);
            let part = text.split(&heading).nth(1).unwrap_or_else(|| panic!("no {}", kind.name));
            let part = part.split("\n### ").next().unwrap();
            for field in kind.fields {
                assert!(part.contains(&format!("\n| `{}` |", field.name)), "{}", field.name);
            }
        }
        assert!(!text.contains("{steps}") && !text.contains("{days}"));
        assert!(text.contains("5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 3 h, 6 h, 12 h"), "{text}");
    }

    /// Others try their receivers with it.
    #[test]
    fn the_message_that_is_shown_has_the_signature_that_is_shown() {
        let behind = |mark: &str| ABOUT.split(mark).nth(1).unwrap().lines().next().unwrap();
        let secret = behind("It is signed with `").split('`').next().unwrap();
        let (id, timestamp) = (behind("webhook-id: "), behind("webhook-timestamp: "));
        let body = ABOUT.split(behind("webhook-signature: ")).nth(1).unwrap();
        let body = body.trim_start().lines().next().unwrap();
        let signed = sign(&[secret], id, timestamp.parse().unwrap(), body.as_bytes());
        assert_eq!(signed, behind("webhook-signature: "));
    }
}
