//! Rehearsals, as all instances know them: what is rehearsed, whose turn it is, how it goes, what came of
//! it. One instance plays; any of them is asked how it goes, and asked to stop it.

mod book;
mod plan;

pub use book::{Beat, Entry, Player, RehearsalBook};
pub use plan::{Unplanned, Wanted, plan};

use admitone_domain::Moment;

/// The name of one that was begun at a moment: those that began later come later.
pub fn id_of(began_at: Moment) -> String {
    format!("drill_{:014}", began_at.0.max(0) / 1_000)
}

/// Whether it can be the name of one: it becomes a part of a path.
pub fn is_id(id: &str) -> bool {
    id.strip_prefix("drill_").is_some_and(|number| {
        (1..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_part_of_a_path_and_leads_nowhere_else() {
        assert!(is_id(&id_of(Moment(1_795_658_400_000_000))));
        assert!(id_of(Moment(1_000)) < id_of(Moment(20_000)));
        for id in
            ["..", "drill_", "drill_1/../..", "/", "", "drill_-1", "drill_000000000000000000001"]
        {
            assert!(!is_id(id), "{id}");
        }
    }
}
