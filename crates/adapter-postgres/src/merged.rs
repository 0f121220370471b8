//! Several statements as one: asked, planned and answered once, on one snapshot of the server.
//!
//! What a statement costs by itself is more than what most of them do. And one that stands outside
//! a transaction is a transaction: nothing has to begin or to commit it.

use crate::pipeline::{Array, Step};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Written into a statement that is a transaction by itself, for whoever watches the line.
const BY_ITSELF: &str = "/* COMMIT */ ";

/// What asks for all that these ask for, which must be in one shape.
pub(crate) fn read(steps: Vec<Step>) -> Step {
    let (mut sql, mut values) = (String::new(), Vec::new());
    for step in steps {
        let between = if sql.is_empty() { "(" } else { " UNION ALL (" };
        sql.push_str(between);
        append(&mut sql, &step.sql, values.len());
        sql.push(')');
        values.extend(step.values);
    }
    Step { sql: Cow::Owned(sql), ..Step::read("", values) }
}

/// What does all that these do, in their order, or fails as a conflict and does nothing: where
/// another number of rows was touched than must be.
pub(crate) fn write(steps: Vec<Step>, is_by_itself: bool) -> Step {
    let mut sql = if is_by_itself { BY_ITSELF.to_owned() } else { String::new() };
    let (mut counts, mut wanted, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for step in steps {
        if step.is_last {
            last = Some(step);
            continue;
        }
        let at = counts.len();
        let _ = write!(sql, "{}step{at} AS (", if at == 0 { "WITH " } else { ", " });
        append(&mut sql, &step.sql, values.len());
        sql.push_str(if step.sql.starts_with("SELECT") { ")" } else { " RETURNING 1)" });
        // They are counted one after the other, and that is the order in which they are done: what
        // locks comes before what writes.
        let count = format!("(SELECT count(*) FROM step{at})");
        counts.push(if step.expected.is_some() { count } else { format!("least({count}, 0)") });
        wanted.push(i64::try_from(step.expected.unwrap_or(0)).unwrap_or(i64::MAX));
        values.extend(step.values);
    }
    values.push(Array::Number(wanted));
    let counts = counts.join(", ");
    let check = format!("SELECT must_touch(ARRAY[{counts}]::bigint[], ${})", values.len());
    if let Some(last) = last {
        // It needs to know of all others that they are done, and well.
        let between = if counts.is_empty() { "WITH" } else { "," };
        let _ = write!(sql, "{between} checked AS MATERIALIZED ({check} AS is_well), last AS (");
        append(&mut sql, &last.sql, values.len());
        sql.push_str(" WHERE (SELECT is_well FROM checked) RETURNING 1) SELECT count(*) FROM last");
        values.extend(last.values);
    } else {
        let _ = write!(sql, " {check}");
    }
    Step { sql: Cow::Owned(sql), ..Step::read("", values) }
}

/// Appends a statement whose values come behind so many others.
fn append(sql: &mut String, statement: &str, before: usize) {
    let mut rest = statement;
    while let Some(at) = rest.find('$') {
        let (text, behind) = (&rest[..at], &rest[at + 1..]);
        let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let number: usize = behind[..end].parse().unwrap_or(0);
        sql.push_str(text);
        let _ = write!(sql, "${}", number + before);
        rest = &behind[end..];
    }
    sql.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: i64) -> Array {
        Array::Single(Some(value))
    }

    #[test]
    fn what_is_read_together_has_all_values_behind_each_other() {
        let one = Step::read("SELECT $2, $1", vec![number(1), number(2)]);
        let other = Step::read("SELECT $1, 0", vec![number(3)]);
        let both = read(vec![one, other]);
        assert_eq!(both.sql, "(SELECT $2, $1) UNION ALL (SELECT $3, 0)");
        assert_eq!(both.values.len(), 3);
    }

    #[test]
    fn what_is_written_together_is_counted_and_the_last_waits_for_the_others() {
        let lock = Step::read("SELECT FROM a FOR UPDATE", Vec::new());
        let row = Step::write("UPDATE a SET b = $1", vec![number(1)], 1);
        let event = Step::read("INSERT INTO c SELECT $1", vec![number(2)]).last();
        let checked = "WITH step0 AS (SELECT FROM a FOR UPDATE), \
             step1 AS (UPDATE a SET b = $1 RETURNING 1)";
        let check = "SELECT must_touch(ARRAY[least((SELECT count(*) FROM step0), 0), \
             (SELECT count(*) FROM step1)]::bigint[], $2)";
        let all = write(vec![lock.clone(), row.clone()], true);
        assert_eq!(all.sql, format!("/* COMMIT */ {checked} {check}"));
        assert!(matches!(&all.values[1], Array::Number(wanted) if *wanted == [0, 1]));
        let all = write(vec![lock, row, event], false);
        assert_eq!(
            all.sql,
            format!(
                "{checked}, checked AS MATERIALIZED ({check} AS is_well), \
                 last AS (INSERT INTO c SELECT $3 WHERE (SELECT is_well FROM checked) \
                 RETURNING 1) SELECT count(*) FROM last"
            )
        );
        assert_eq!(all.values.len(), 3);
    }
}
