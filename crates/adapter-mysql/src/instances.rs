//! The list of instances: one comes after the other, so that what one was told of the list holds
//! until it stands in it.

use crate::client::{Client, within};
use crate::due;
use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::read;
use crate::trouble;
use admitone_app::ports::instances::{Admitted, Instances, Joining, Member, TERM, admit};
use admitone_app::ports::store::Fence;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Moment;
use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Row, TxOpts};

/// The row for whose lock they wait is committed by itself, so that its making is waited for as
/// well.
const ONE_BY_ONE: &str = "INSERT IGNORE INTO house VALUES ('instances', '')";
const LISTED: &str = "SELECT id, map, is_alone, rooms, until FROM instance";

#[async_trait]
impl Instances for MysqlStore {
    async fn join(&self, member: &Member) -> Result<Joining, Trouble> {
        let mut client = self.client("join").await?;
        let silence = client.silence();
        within(silence, "join", self.join_on(&mut client, member)).await
    }

    async fn leave(&self, id: u128) -> Result<(), Trouble> {
        let mut client = self.client("leave").await?;
        let step = Step::read(format!("DELETE FROM instance WHERE id = {}", name(id)));
        script::run(&mut client, "leave", &[step]).await.map(drop)
    }

    async fn alive(&self) -> Result<u64, Trouble> {
        let now = due::now_sql(self.hand());
        let found = self.ask(format!("SELECT COUNT(*) FROM instance WHERE until > {now}")).await?;
        found.first().map_or(Ok(0), |row| read::unsigned(row, 0))
    }
}

impl MysqlStore {
    async fn join_on(&self, client: &mut Client, member: &Member) -> Result<Joining, Trouble> {
        let failed = trouble::of("join");
        script::run(client, "join", &[Step::read(ONE_BY_ONE)]).await?;
        let begun = client.start_transaction(TxOpts::default()).await;
        let mut transaction = begun.map_err(&failed)?;
        let steps = [
            Step::read("SELECT value FROM house WHERE name = 'instances' FOR UPDATE"),
            due::now(self.hand()),
            Step::read(LISTED),
        ];
        let found = script::send(&mut transaction, "join", &steps).await?;
        let now = Moment(read::get(first(&found, 1)?, 0)?);
        let listed: Vec<(Member, Moment)> =
            found[2].iter().map(of_row).collect::<Result<_, _>>()?;
        let term = match admit(&listed, member, now) {
            Err(refused) => {
                transaction.rollback().await.map_err(failed)?;
                return Ok(refused);
            }
            Ok(admitted) => term(&mut transaction, admitted).await?,
        };
        let (id, map) = (name(member.id), literal(member.map.as_bytes()));
        let rooms = member.rooms.as_ref().map_or("NULL".to_owned(), |at| literal(at.as_bytes()));
        let (is_alone, until) = (member.is_alone, now.plus_ms(member.lease_ms).0);
        let steps = [
            Step::read(format!("DELETE FROM instance WHERE until <= {}", now.0)),
            Step::read(format!(
                "REPLACE INTO instance VALUES ({id}, {map}, {is_alone}, {rooms}, {until})"
            )),
        ];
        script::send(&mut transaction, "join", &steps).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Joining::Joined(term))
    }
}

fn of_row(row: &Row) -> Result<(Member, Moment), Trouble> {
    let text = |column| -> Result<String, Trouble> { text_of(read::get(row, column)?) };
    let rooms: Option<Vec<u8>> = read::get(row, 3)?;
    let id = u128::from_str_radix(&text(0)?, 16);
    let member = Member {
        id: id.map_err(|error| trouble::unreadable("join", error))?,
        map: text(1)?,
        is_alone: read::get(row, 2)?,
        rooms: rooms.map(text_of).transpose()?,
        lease_ms: 0,
    };
    Ok((member, Moment(read::get(row, 4)?)))
}

fn text_of(bytes: Vec<u8>) -> Result<String, Trouble> {
    String::from_utf8(bytes).map_err(|error| trouble::unreadable("join", error))
}

/// The token of the term that lasts, or of a new one.
async fn term(client: &mut impl Queryable, admitted: Admitted) -> Result<Fence, Trouble> {
    let term = literal(TERM.as_bytes());
    let newest = Step::read(format!("SELECT token FROM fence WHERE name = {term}"));
    let draw = Step::read(format!(
        "INSERT INTO fence VALUES ({term}, 1) ON DUPLICATE KEY UPDATE token = token + 1"
    ));
    let steps = match admitted {
        Admitted::Beside => vec![newest],
        Admitted::First => vec![draw, newest],
    };
    let found = script::send(client, "join", &steps).await?;
    let token = read::unsigned(first(&found, found.len() - 1)?, 0)?;
    Ok(Fence { name: TERM.to_owned(), token })
}

fn first(found: &[Vec<Row>], step: usize) -> Result<&Row, Trouble> {
    let silent = || Trouble::new(TroubleKind::Unavailable, "join", "no answer");
    found.get(step).and_then(|rows| rows.first()).ok_or_else(silent)
}

/// A name as a literal.
fn name(id: u128) -> String {
    literal(format!("{id:032x}").as_bytes())
}
