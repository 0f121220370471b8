//! `admitone user`: operators of the house.

use super::block_on;
use crate::arguments::{User, UserTask};
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::voice::{self, say};
use crate::wiring::{Wired, chance, random};
use admitone_app::BoxOffice;
use admitone_app::box_office::Request;
use admitone_app::parties::Parties;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::store::Sequence;
use admitone_domain::command::operate::{Operate, SaveOperator};
use admitone_domain::id::OperatorId;
use admitone_domain::party::{Operator, Role};
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, CommandId, Fingerprint};

pub(crate) fn run(arguments: &User) -> Result<Exit, Failed> {
    let configuration = Configuration::of(&arguments.place)?;
    block_on(async {
        let wired = Wired::open(&configuration).await?;
        let done = follow(&wired.staff, &arguments.task).await;
        wired.close().await?;
        done.map(|()| Exit::Done)
    })
}

async fn follow(office: &BoxOffice, task: &UserTask) -> Result<(), Failed> {
    match task {
        UserTask::Add { name, role } => {
            let key = add(office, name, *role).await?;
            say!("operator key: {key}");
            say!("It is not shown again.");
        }
        UserTask::List { json } => list(&office.reads.operators().await?, *json)?,
        UserTask::Disable { id } => {
            let id: OperatorId = id.parse().map_err(failed(id))?;
            let known = office.reads.operators().await?.into_iter().find(|one| one.id == id);
            let known = known.ok_or_else(|| failed("user disable")(format!("there is no {id}")))?;
            save(office, Operator { disabled: true, ..known }).await?;
            say!("the key of {id} is refused from now on");
        }
    }
    Ok(())
}

fn list(operators: &[Operator], json: bool) -> Result<(), Failed> {
    if json {
        let shown = |one: &Operator| {
            let Operator { id, name, role, disabled, created_at, .. } = one;
            let (id, created_at) = (id.to_string(), created_at.to_string());
            let role = role.name();
            serde_json::json!({
                "id": id, "name": name, "role": role, "disabled": disabled, "created_at": created_at,
            })
        };
        let all: Vec<_> = operators.iter().map(shown).collect();
        return voice::json(&all);
    }
    for Operator { id, name, role, disabled, .. } in operators {
        let state = if *disabled { "disabled" } else { "active" };
        say!("{id}\t{name}\t{}\t{state}", role.name());
    }
    Ok(())
}

/// Makes an operator; the key, which is kept nowhere.
pub(crate) async fn add(office: &BoxOffice, name: &str, role: Role) -> Result<String, Failed> {
    let key = Parties::new_key(&random());
    let operator = Operator {
        id: OperatorId(office.draw(Sequence::Operator, 1).await?),
        name: name.to_owned(),
        key_hash: Parties::hash(&key),
        created_at: office.clock.now(),
        disabled: false,
        role,
    };
    save(office, operator).await?;
    Ok(key)
}

async fn save(office: &BoxOffice, operator: Operator) -> Result<(), Failed> {
    let request = Request {
        id: CommandId(chance()),
        fingerprint: Fingerprint(0),
        actor: Actor::House,
        admission: Admission::Staff,
        deadline: None,
        waits: true,
    };
    let save = Operate::SaveOperator(SaveOperator { operator, expected: None });
    match office.submit(&request, Action::Operate(save)).await? {
        Reply::Answered { answer, .. } => Ok(answer.answer.clone().map(|_| ())?),
        Reply::KeyReused => Err(failed("operator")("the random numbers repeat themselves")),
        Reply::Accepted(_) => Err(failed("operator")("it was accepted, and nobody settles it yet")),
    }
}
