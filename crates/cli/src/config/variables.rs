//! Variables of the environment: each setting of the file has one, which comes before the file.

use crate::exit::{Failed, failed};
use toml::{Table, Value};

/// How the text of a variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Truth,
}

/// A variable and the setting it stands for.
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// The table of the file, if it is not the outermost one.
    pub(super) table: Option<&'static str>,
    pub(super) key: &'static str,
    pub(super) kind: Kind,
}

const fn variable(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: None, key, kind }
}

const fn truth(name: &'static str, table: &'static str, key: &'static str) -> Variable {
    Variable { name, table: Some(table), key, kind: Kind::Truth }
}

const fn issuer(name: &'static str, key: &'static str) -> Variable {
    Variable { name, table: Some("issuer"), key, kind: Kind::Text }
}

const fn redis(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: Some("redis"), key, kind }
}

const fn rabbitmq(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: Some("rabbitmq"), key, kind }
}

const fn kafka(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: Some("kafka"), key, kind }
}

const fn strategy(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: Some("strategy"), key, kind }
}

const fn delivery(name: &'static str, key: &'static str) -> Variable {
    Variable { name, table: Some("deliveries"), key, kind: Kind::Number }
}

const fn gateway(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: Some("gateway"), key, kind }
}

const fn webhooks(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: Some("webhooks"), key, kind }
}

const fn notices(name: &'static str, key: &'static str) -> Variable {
    Variable { name, table: Some("notices"), key, kind: Kind::Text }
}

const fn limit(name: &'static str, key: &'static str, kind: Kind) -> Variable {
    Variable { name, table: Some("limits"), key, kind }
}

pub(super) const VARIABLES: [Variable; 55] = [
    variable("ADMITONE_LISTEN", "listen", Kind::Text),
    variable("ADMITONE_DATA_DIR", "data_dir", Kind::Text),
    variable("ADMITONE_STORE", "store", Kind::Text),
    variable("ADMITONE_CURRENCY", "currency", Kind::Text),
    variable("ADMITONE_REFERENCE_ROUTES", "reference_routes", Kind::Truth),
    variable("ADMITONE_LOG_FORMAT", "log_format", Kind::Text),
    variable("ADMITONE_CONNECTIONS_MAX", "connections_max", Kind::Number),
    variable("ADMITONE_ANSWER_MS", "answer_ms", Kind::Number),
    variable("ADMITONE_QUEUE_DEPTH_MAX", "queue_depth_max", Kind::Number),
    variable("ADMITONE_BATCH_MAX", "batch_max", Kind::Number),
    variable("ADMITONE_DRAIN_MS", "drain_ms", Kind::Number),
    strategy("ADMITONE_STRATEGY", "map", Kind::Text),
    strategy("ADMITONE_LOCK_WAIT_MS", "lock_wait_ms", Kind::Number),
    redis("ADMITONE_REDIS", "servers", Kind::Text),
    redis("ADMITONE_REDIS_LEASE_MS", "lease_ms", Kind::Number),
    redis("ADMITONE_REDIS_RENEW_MS", "renew_ms", Kind::Number),
    redis("ADMITONE_REDIS_REPLICAS", "replicas", Kind::Number),
    redis("ADMITONE_REDIS_FALLBACK", "fallback", Kind::Text),
    rabbitmq("ADMITONE_RABBITMQ", "server", Kind::Text),
    rabbitmq("ADMITONE_RABBITMQ_QUEUES", "queues", Kind::Text),
    rabbitmq("ADMITONE_RABBITMQ_LANES", "lanes", Kind::Number),
    rabbitmq("ADMITONE_RABBITMQ_PREFETCH", "prefetch", Kind::Number),
    rabbitmq("ADMITONE_RABBITMQ_CONSUMERS", "consumers", Kind::Number),
    rabbitmq("ADMITONE_RABBITMQ_LENGTH_MAX", "length_max", Kind::Number),
    rabbitmq("ADMITONE_RABBITMQ_EVENTS", "events", Kind::Text),
    kafka("ADMITONE_KAFKA", "servers", Kind::Text),
    kafka("ADMITONE_KAFKA_LANES", "lanes", Kind::Number),
    kafka("ADMITONE_KAFKA_EVENTS", "events", Kind::Text),
    delivery("ADMITONE_WORKERS", "workers"),
    delivery("ADMITONE_DELIVERY_WAIT_MS", "wait_ms"),
    delivery("ADMITONE_DELIVERY_DEADLINE_MS", "deadline_ms"),
    delivery("ADMITONE_DELIVERY_ATTEMPTS_MAX", "attempts_max"),
    delivery("ADMITONE_JOBS_BATCH_MAX", "jobs_batch_max"),
    gateway("ADMITONE_GATEWAY", "url", Kind::Text),
    gateway("ADMITONE_GATEWAY_SECRET_KEY", "secret_key", Kind::Text),
    gateway("ADMITONE_GATEWAY_PAGE", "page", Kind::Text),
    gateway("ADMITONE_GATEWAY_ANSWER_MS", "answer_ms", Kind::Number),
    gateway("ADMITONE_GATEWAY_WAIT_MS", "wait_ms", Kind::Number),
    webhooks("ADMITONE_WEBHOOKS_PRIVATE_ADDRESSES", "private_addresses", Kind::Truth),
    webhooks("ADMITONE_WEBHOOKS_ANSWER_MS", "answer_ms", Kind::Number),
    webhooks("ADMITONE_WEBHOOKS_LINKS", "links", Kind::Text),
    notices("ADMITONE_NOTICES", "url"),
    notices("ADMITONE_NOTICES_SECRET", "secret"),
    limit("ADMITONE_LIMIT_SALE_PER_SECOND", "sale_per_second", Kind::Number),
    limit("ADMITONE_LIMIT_SALE_BURST", "sale_burst", Kind::Number),
    limit("ADMITONE_LIMIT_READ_PER_SECOND", "read_per_second", Kind::Number),
    limit("ADMITONE_LIMIT_READ_BURST", "read_burst", Kind::Number),
    limit("ADMITONE_LIMIT_ACCOUNTS_PER_MINUTE", "accounts_per_minute", Kind::Number),
    limit("ADMITONE_LIMIT_ACCOUNTS_BURST", "accounts_burst", Kind::Number),
    limit("ADMITONE_LIMIT_CLIENT_HEADER", "client_header", Kind::Text),
    truth("ADMITONE_ACCOUNTS_OPEN", "accounts", "open"),
    truth("ADMITONE_WALLET_SELF_CHARGE", "wallet", "self_charge"),
    issuer("ADMITONE_ISSUER_NAME", "name"),
    issuer("ADMITONE_ISSUER_AUDIENCE", "audience"),
    issuer("ADMITONE_ISSUER_JWK", "jwk"),
];

/// Writes over a file's settings what the environment says; an empty variable says nothing.
/// Whether it said anything.
pub(super) fn overlay(
    file: &mut Table,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<bool, Failed> {
    let mut said = false;
    for variable in &VARIABLES {
        let Some(text) = environment(variable.name).filter(|text| !text.is_empty()) else {
            continue;
        };
        let value = read(variable, text)?;
        let table = match variable.table {
            None => &mut *file,
            Some(name) => {
                let inner = file.entry(name).or_insert_with(|| Value::Table(Table::new()));
                inner.as_table_mut().ok_or_else(|| failed(name)("must be a table"))?
            }
        };
        table.insert(variable.key.to_owned(), value);
        said = true;
    }
    Ok(said)
}

fn read(variable: &Variable, text: String) -> Result<Value, Failed> {
    match variable.kind {
        Kind::Text => Ok(Value::String(text)),
        Kind::Number => text.parse().map(Value::Integer).map_err(failed(variable.name)),
        Kind::Truth => match text.as_str() {
            "true" | "yes" | "on" | "1" => Ok(Value::Boolean(true)),
            "false" | "no" | "off" | "0" => Ok(Value::Boolean(false)),
            other => Err(failed(variable.name)(format!("`{other}` is neither `true` nor `false`"))),
        },
    }
}
