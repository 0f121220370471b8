//! The house that is measured: where it is, who operates it, and plain requests to it.

use crate::Trouble;
use crate::client::{Answer, Connection, KEEP_ALL};
use crate::time::pause;
use admitone_domain::id::BuyerId;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// So often a house that is too busy is asked, and how long after each refusal.
const TRIES: u32 = 50;
const AFTER_BUSY: Duration = Duration::from_millis(100);

/// A house.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// An operator's key.
    pub operator_key: String,
}

/// A buyer with an account of the house.
#[derive(Debug, Clone)]
pub struct Account {
    /// The buyer.
    pub buyer: BuyerId,
    /// The bearer token.
    pub token: String,
}

impl Account {
    /// From what the house answered when it was opened.
    pub(crate) fn read(opened: &Value) -> Result<Self, Trouble> {
        let buyer = text(opened, "id")?.parse();
        let buyer = buyer.map_err(|_| Trouble::Impossible("a buyer without an id".to_owned()))?;
        Ok(Self { buyer, token: text(opened, "token")? })
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum As<'a> {
    /// Anybody.
    Nobody,
    /// The bearer of a token: a buyer or an operator.
    Bearer(&'a str),
    /// A buyer with a place or a pass of a waiting room.
    Visitor {
        /// The buyer's token.
        token: &'a str,
        /// The token of the place.
        place: &'a str,
    },
}

/// A visit to the house: one connection, one request after the other, answers read whole.
#[derive(Debug)]
pub struct Visit {
    connection: Connection,
    host: String,
}

impl Visit {
    /// Connects.
    pub async fn begin(address: SocketAddr) -> Result<Self, Trouble> {
        Self::begin_keeping(address, KEEP_ALL).await
    }

    /// Connects, for answers that are no longer than so many bytes.
    pub(crate) async fn begin_keeping(address: SocketAddr, keep: usize) -> Result<Self, Trouble> {
        let host = address.to_string();
        let connection = Connection::open(address, keep).await;
        let connection = connection.map_err(Trouble::system(format!("connecting to {host}")))?;
        Ok(Self { connection, host })
    }

    /// Reads something.
    pub async fn get(&mut self, who: As<'_>, path: &str) -> Result<Value, Trouble> {
        self.ask(&format!("GET {path}"), who, None, None).await
    }

    /// Wants something changed, under a key where one is needed.
    pub async fn post(
        &mut self,
        who: As<'_>,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
        self.ask(&format!("POST {path}"), who, key, body).await
    }

    /// Ends something.
    pub async fn delete(&mut self, who: As<'_>, path: &str) -> Result<(), Trouble> {
        self.ask(&format!("DELETE {path}"), who, None, None).await.map(|_| ())
    }

    /// Reads all pages of a list; `read` takes an item over.
    pub async fn list(
        &mut self,
        who: As<'_>,
        path: &str,
        mut read: impl FnMut(&Value),
    ) -> Result<(), Trouble> {
        let mut after = String::new();
        loop {
            let page = self.get(who, &format!("{path}?limit=200{after}")).await?;
            let items = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().for_each(&mut read);
            match page["next_cursor"].as_str() {
                Some(cursor) => after = format!("&after={cursor}"),
                None => return Ok(()),
            }
        }
    }

    /// Opens an account.
    pub async fn account(&mut self, name: &str) -> Result<Account, Trouble> {
        let opened =
            self.post(As::Nobody, "/api/v1/users", None, Some(&json!({ "name": name }))).await?;
        Account::read(&opened)
    }

    /// Asks, and takes any answer but the wanted one for trouble. Where the house is too busy nothing
    /// was done, and it is asked again: hundreds of accounts at once are too many for some strategies.
    pub(crate) async fn ask(
        &mut self,
        request: &str,
        who: As<'_>,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
        for _ in 1..TRIES {
            match self.ask_once(request, who, key, body).await {
                Err(trouble) if trouble.is_busy() => pause(AFTER_BUSY).await,
                said => return said,
            }
        }
        self.ask_once(request, who, key, body).await
    }

    async fn ask_once(
        &mut self,
        request: &str,
        who: As<'_>,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
        let stranger = is_of_operator(request, who).then(|| Trouble::stranger(&self.host));
        let answer = self.exchange(request, who, key, body).await?;
        if let (401, Some(stranger)) = (answer.status, stranger) {
            return Err(stranger);
        }
        if !(200..300).contains(&answer.status) {
            return Err(Trouble::answer(request, &answer));
        }
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(answer.body).map_err(|_| Trouble::answer(request, &answer))
    }

    /// Sends a request, whatever the answer is.
    pub async fn exchange(
        &mut self,
        request: &str,
        who: As<'_>,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer<'_>, Trouble> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut text = head(request, &self.host, who);
        for (name, value) in [("idempotency-key", key), ("content-type", json_if(&body))] {
            if let Some(value) = value {
                text = text + name + ": " + value + "\r\n";
            }
        }
        let length = body.len();
        // Writing into a text does not fail.
        let _ = write!(text, "content-length: {length}\r\n\r\n{body}");
        self.connection.out.clear();
        self.connection.out.extend_from_slice(text.as_bytes());
        self.connection.exchange().await.map_err(Trouble::system(request))
    }
}

/// Whether an operator asks for what only operators may ask for.
fn is_of_operator(request: &str, who: As<'_>) -> bool {
    matches!(who, As::Bearer(_)) && request.contains(" /api/v1/operator/")
}

impl Trouble {
    /// A house does not know the key of its operator. What it answers is meant for buyers.
    fn stranger(host: &str) -> Self {
        Self::Impossible(format!(
            "http://{host} knows no operator by the key that it was given: --operator-key is the key \
             that this house showed when it was first started, or one of `admitone user add`"
        ))
    }
}

fn json_if(body: &str) -> Option<&'static str> {
    (!body.is_empty()).then_some("application/json")
}

/// The first lines of a request: what, to whom, by whom.
pub(crate) fn head(request: &str, host: &str, who: As<'_>) -> String {
    let mut text = format!("{request} HTTP/1.1\r\nhost: {host}\r\n");
    let (token, place) = match who {
        As::Nobody => (None, None),
        As::Bearer(token) => (Some(token), None),
        As::Visitor { token, place } => (Some(token), Some(place)),
    };
    for (name, value) in [("authorization: Bearer ", token), ("queue-token: ", place)] {
        if let Some(value) = value {
            text = text + name + value + "\r\n";
        }
    }
    text
}

/// A text of an answer that must have it.
pub(crate) fn text(value: &Value, field: &str) -> Result<String, Trouble> {
    let found = value[field].as_str().map(str::to_owned);
    found.ok_or_else(|| Trouble::Impossible(format!("there is no `{field}` in {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// What is said of an answer to somebody.
    fn said(request: &str, who: As<'_>, status: &str) -> String {
        let house = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = house.local_addr().unwrap();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
        let answering = std::thread::spawn(move || {
            let (mut client, _) = house.accept().unwrap();
            client.read_exact(&mut [0; 16]).unwrap();
            client.write_all(answer.as_bytes()).unwrap();
            // Until it was heard.
            drop(client.read_to_end(&mut Vec::new()));
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let why = runtime.block_on(async {
            let mut visit = Visit::begin(address).await.unwrap();
            visit.ask(request, who, None, None).await.unwrap_err().to_string()
        });
        answering.join().unwrap();
        why
    }

    #[test]
    fn an_operator_whom_the_house_does_not_know_hears_where_the_key_comes_from() {
        let key = As::Bearer("op_1");
        let asked = "GET /api/v1/operator/queues";
        let stranger = said(asked, key, "401 Unauthorized");
        assert!(stranger.contains("--operator-key"), "{stranger}");
        for (request, who, status) in [
            (asked, key, "404 Not Found"),
            (asked, As::Nobody, "401 Unauthorized"),
            ("GET /api/v1/users/me", key, "401 Unauthorized"),
        ] {
            let other = said(request, who, status);
            assert_eq!(other, format!("{request} was answered {}: {{}}", &status[..3]));
        }
    }
}
