//! Two owners who refuse each other's key at the same moment.

use crate::Fresh;
use crate::steps::{Open, answered, command, row, settle, settler};
use admitone_app::ports::store::{Fences, Mode};
use admitone_domain::command::operate::{Operate, SaveOperator};
use admitone_domain::id::OperatorId;
use admitone_domain::party::{Operator, Role};
use admitone_domain::{Action, Actor, Answer, Command, Key, Moment, Refusal, Row};
use std::sync::Arc;
use tokio::task::JoinSet;

const OPAL: OperatorId = OperatorId(1);
const OTTO: OperatorId = OperatorId(2);
/// So often they do it.
const ROUNDS: u64 = 5;

/// What saves an owner, whose key is refused or not.
fn owner(id: OperatorId, disabled: bool) -> Action {
    let (name, key_hash) = (id.to_string(), [0; 32]);
    let (created_at, role) = (Moment(0), Role::Owner);
    let operator = Operator { id, name, key_hash, created_at, disabled, role };
    Action::Operate(Operate::SaveOperator(SaveOperator { operator, expected: None }))
}

/// Opal and Otto, owners both, by the house.
async fn owned(fresh: &Fresh, mode: Mode, number: u64) {
    for (id, number) in [(OPAL, number), (OTTO, number + 1)] {
        let save = command(number, Actor::House, owner(id, false));
        let answers = settle(fresh, mode, vec![save]).await;
        assert!(answers[0].is_ok(), "{answers:?}");
    }
}

/// Each refuses the key of the other.
fn refusals(number: u64) -> [Command; 2] {
    [(OPAL, OTTO, number), (OTTO, OPAL, number + 1)]
        .map(|(by, whom, number)| command(number, Actor::Operator(by), owner(whom, true)))
}

/// Who is an owner now.
async fn owners(fresh: &Fresh) -> Vec<OperatorId> {
    let mut found = Vec::new();
    for id in [OPAL, OTTO] {
        match row(fresh, Key::Operator(id)).await {
            Some(Row::Operator(known)) if known.is_owner() => found.push(id),
            _ => {}
        }
    }
    found
}

pub(crate) async fn two_owners_who_refuse_each_other_leave_one(fresh: Fresh, mode: Mode) {
    let settler = Arc::new(settler(&fresh, mode));
    for round in 1..=ROUNDS {
        owned(&fresh, mode, round * 10).await;
        let asked = refusals(round * 10 + 2).map(|refusal| {
            let settler = Arc::clone(&settler);
            async move { answered(settler.settle(vec![refusal]).await.remove(0)).answer }
        });
        let racing: JoinSet<Answer> = asked.into_iter().collect();
        let mut answers = racing.join_all().await;
        answers.sort_by_key(Result::is_err);
        assert!(answers[0].is_ok(), "{answers:?}");
        assert_eq!(answers[1], Err(Refusal::OwnerNeeded));
        assert_eq!(owners(&fresh).await.len(), 1, "round {round}");
    }
}

pub(crate) async fn plain_forgets_that_an_owner_was_refused(fresh: Fresh, mode: Mode) {
    owned(&fresh, mode, 1).await;
    let none = Fences::default();
    let [first, second] = refusals(3);
    let first = Open::begin(&*fresh.store, mode, &none, &[first]).await;
    let second = Open::begin(&*fresh.store, mode, &none, &[second]).await;
    assert!(first.verdict.answers[0].answer.is_ok() && second.verdict.answers[0].answer.is_ok());
    assert_eq!((first.finish().await, second.finish().await), (Ok(()), Ok(())));
    assert_eq!(owners(&fresh).await, [OTTO], "the harm: his key was refused, and opens again");
}
