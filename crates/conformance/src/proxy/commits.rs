//! Which questions of a connection commit: the word itself, or a statement that is a transaction
//! by itself and was prepared with the word in a comment.

/// What stands in the text of a statement that commits by itself.
const BY_ITSELF: &[u8] = b"/* COMMIT */";

/// What is known of a connection.
#[derive(Default)]
pub(super) struct Commits {
    /// The names of statements that commit by themselves, as they stand in a message that executes
    /// one: between two zeros.
    names: Vec<Vec<u8>>,
}

impl Commits {
    /// Whether a question commits. The end of the word tells it from the name of an isolation
    /// level: in the protocol of one server it is a zero, in that of the other it ends the message.
    pub(super) fn hear(&mut self, asked: &[u8]) -> bool {
        if let Some(at) = position(asked, BY_ITSELF) {
            // A statement is prepared: its name, a letter and a number, ends just before its text.
            // What stands before that is the message's length, and may look like a letter.
            let name = asked[..at].strip_suffix(&[0]).unwrap_or_default();
            let letter = name.iter().rposition(|byte| !byte.is_ascii_digit());
            self.names.push([&[0], &name[letter.unwrap_or(0)..], &[0]].concat());
            return false;
        }
        asked.ends_with(b"COMMIT")
            || position(asked, b"COMMIT\0").is_some()
            || self.names.iter().any(|name| position(asked, name).is_some())
    }
}

fn position(asked: &[u8], word: &[u8]) -> Option<usize> {
    asked.windows(word.len()).position(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_heard_by_its_word_and_by_the_name_of_its_statement() {
        let mut commits = Commits::default();
        assert!(commits.hear(b"\x03COMMIT") && commits.hear(b"Q\0\0\0\x0bCOMMIT\0"));
        assert!(!commits.hear(b"BEGIN ISOLATION LEVEL READ COMMITTED\0"));
        let bind = b"B\0\0\0\x10\0s12\0\0\0";
        assert!(!commits.hear(bind));
        assert!(!commits.hear(b"P\0\0\0\x20s12\0/* COMMIT */ WITH step0\0\0\0"));
        assert!(commits.hear(bind) && !commits.hear(b"B\0\0\0\x10\0s1\0\0\0"));
        assert!(!commits.hear(b"P\0\0\x04Is7\0/* COMMIT */ WITH step0\0\0\0"));
        assert!(commits.hear(b"B\0\0\0\x10\0s7\0\0\0"), "a length that is a letter");
    }
}
