//! What the logbook says beside the thing that it is about: never as done what was not done.

use crate::language::Language;
use crate::oops::Oops;
use crate::site::Site;
use admitone_app::logbook::{End, Line, Target};

/// So many reasons are shown.
const REASONS: usize = 50;

/// Why operators did something to a thing, the newest first.
pub(crate) async fn reasons(
    site: &Site,
    language: Language,
    (target, id): (Target, &str),
) -> Result<Vec<Line>, Oops> {
    let found = site.log.book.lines(Some(id), None, REASONS).await?;
    let about = found.into_iter().filter(|line| line.target == target);
    Ok(about
        .filter_map(|line| Some(Line { why: told(language, &line.end, &line.why)?, ..line }))
        .collect())
}

/// Words about something, by what came of it: none where it was refused. Whether what met trouble was
/// done nobody knows, so that is said.
pub(super) fn told(language: Language, end: &End, words: &str) -> Option<String> {
    match end {
        End::Done => Some(words.to_owned()),
        End::Open => Some(format!("{words} ({})", language.say("log.open"))),
        End::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_not_told_as_done() {
        let told = |end: End| told(Language::of_code("en").unwrap(), &end, "sent again");
        assert_eq!(told(End::Done).as_deref(), Some("sent again"));
        assert_eq!(told(End::Failed("NOT_FOUND".into())), None);
        assert_eq!(told(End::Open).as_deref(), Some("sent again (not known to have ended)"));
    }
}
