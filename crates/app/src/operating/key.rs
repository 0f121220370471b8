//! Keys of operators: a new one, and one that opens nothing any more.

use super::{Unfit, field};
use crate::box_office::BoxOffice;
use crate::parties::Parties;
use crate::ports::store::Sequence;
use admitone_domain::command::operate::{Operate, SaveOperator};
use admitone_domain::id::OperatorId;
use admitone_domain::party::{Operator, Role};
use admitone_domain::{Key, Row};
use std::ops::RangeInclusive;

/// So many letters a name has.
const NAME_LETTERS: RangeInclusive<usize> = 1..=100;

/// Makes an operator with a key, which is made for the id that was drawn.
pub async fn create_key(
    office: &BoxOffice,
    name: &str,
    role: Role,
    key: impl FnOnce(OperatorId) -> String,
) -> Result<Operate, Unfit> {
    let name = operator_name(name).map_err(field)?;
    let id = OperatorId(office.draw(Sequence::Operator, 1).await?);
    let operator = Operator {
        id,
        name: name.to_owned(),
        key_hash: Parties::hash(&key(id)),
        created_at: office.clock.now(),
        disabled: false,
        role,
    };
    Ok(Operate::SaveOperator(SaveOperator { operator, expected: None }))
}

/// The name of an operator as it is kept; why it cannot be one.
pub fn operator_name(name: &str) -> Result<&str, &'static str> {
    let name = name.trim();
    let is_fit = NAME_LETTERS.contains(&name.chars().count());
    if is_fit { Ok(name) } else { Err("`name` must have 1 to 100 letters") }
}

/// Refuses the key of an operator from now on. That an owner is left is for the command to see to: it
/// looks at the rows as they are when it is decided.
pub async fn refuse_key(office: &BoxOffice, id: OperatorId) -> Result<Operate, Unfit> {
    let found = office.row(Key::Operator(id)).await?.map(admitone_domain::Loaded::into_row);
    let Some(Row::Operator(known)) = found else { return Err(Unfit::Missing("key")) };
    let operator = Operator { disabled: true, ..known };
    Ok(Operate::SaveOperator(SaveOperator { operator, expected: None }))
}
