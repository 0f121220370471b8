//! The list of instances: one comes after the other, so that what one was told of the list holds
//! until it stands in it.

use crate::client::Client;
use crate::due;
use crate::open::PostgresStore;
use crate::pipeline::{Array, Step};
use crate::store::DRAW;
use crate::tables::read;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::instances::{Admitted, Instances, Joining, Member, TERM, admit};
use admitone_app::ports::store::Fence;
use admitone_domain::Moment;
use async_trait::async_trait;
use std::sync::LazyLock;
use tokio_postgres::Transaction;

const ONE_BY_ONE: &str =
    "SELECT pg_advisory_xact_lock(hashtext('admitone instances'), hashtext(current_schema()))";
const LISTED: &str = "SELECT id, map, is_alone, rooms, until FROM instance";
const LIST: &str = "INSERT INTO instance VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE \
     SET map = excluded.map, is_alone = excluded.is_alone, rooms = excluded.rooms, until = excluded.until";
const FORGET: &str = "DELETE FROM instance WHERE until <= $1";
const LEAVE: &str = "DELETE FROM instance WHERE id = $1";
const NEWEST: &str = "SELECT token FROM fence WHERE name = $1";

static ALIVE: LazyLock<String> =
    LazyLock::new(|| format!("SELECT count(*) FROM instance WHERE until > {}", due::NOW));

#[async_trait]
impl Instances for PostgresStore {
    async fn join(&self, member: &Member) -> Result<Joining, Trouble> {
        let mut client = self.client("join").await?;
        let joined = tokio::time::timeout(self.silence, self.join_on(&mut client, member)).await;
        joined.unwrap_or_else(|_| Err(client.give_up("join")))
    }

    async fn leave(&self, id: u128) -> Result<(), Trouble> {
        let client = self.client("leave").await?;
        client.ask("leave", client.execute(LEAVE, &[&name(id)])).await.map(drop)
    }

    async fn alive(&self) -> Result<u64, Trouble> {
        let step = Step::read(ALIVE.as_str(), vec![Array::Single(self.hand())]);
        let found = self.ask_for(step).await?;
        found.first().map_or(Ok(0), |row| read::unsigned(row, 0))
    }
}

impl PostgresStore {
    async fn join_on(&self, client: &mut Client, member: &Member) -> Result<Joining, Trouble> {
        let failed = trouble::of("join");
        let transaction = client.transaction().await.map_err(&failed)?;
        transaction.batch_execute(ONE_BY_ONE).await.map_err(&failed)?;
        let sql = format!("SELECT {}", due::NOW);
        let now = transaction.query_one(&sql, &[&self.hand()]).await.map_err(&failed)?;
        let now = Moment(read::get(&now, 0)?);
        let listed = listed(&transaction).await?;
        let term = match admit(&listed, member, now) {
            Err(refused) => return Ok(refused),
            Ok(admitted) => term(&transaction, admitted).await?,
        };
        let until = now.plus_ms(member.lease_ms).0;
        let Member { id, map, is_alone, rooms, .. } = member;
        transaction.execute(FORGET, &[&now.0]).await.map_err(&failed)?;
        transaction
            .execute(LIST, &[&name(*id), map, is_alone, rooms, &until])
            .await
            .map_err(&failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Joining::Joined(term))
    }
}

async fn listed(transaction: &Transaction<'_>) -> Result<Vec<(Member, Moment)>, Trouble> {
    let found = transaction.query(LISTED, &[]).await.map_err(trouble::of("join"))?;
    let of_row = |row: &tokio_postgres::Row| {
        let id = u128::from_str_radix(read::get(row, 0)?, 16);
        let member = Member {
            id: id.map_err(|error| trouble::unreadable("join", error))?,
            map: read::get(row, 1)?,
            is_alone: read::get(row, 2)?,
            rooms: read::get(row, 3)?,
            lease_ms: 0,
        };
        Ok((member, Moment(read::get(row, 4)?)))
    };
    found.iter().map(of_row).collect()
}

/// The token of the term that lasts, or of a new one.
async fn term(transaction: &Transaction<'_>, admitted: Admitted) -> Result<Fence, Trouble> {
    let sql = match admitted {
        Admitted::Beside => NEWEST,
        Admitted::First => DRAW,
    };
    let row = transaction.query_one(sql, &[&TERM]).await.map_err(trouble::of("join"))?;
    Ok(Fence { name: TERM.to_owned(), token: read::unsigned(&row, 0)? })
}

fn name(id: u128) -> String {
    format!("{id:032x}")
}
