//! The configuration: a TOML file, below variables and flags.

mod bounds;
mod deliveries;
mod gateway;
mod kafka;
mod limits;
mod rabbitmq;
mod redis;
mod variables;
mod webhooks;

use crate::arguments::{LogFormat, Place};
use crate::exit::{Failed, failed};
use admitone_app::strategy::StrategyMap;
use admitone_domain::Currency;
pub(crate) use deliveries::DeliveriesConfiguration;
pub(crate) use gateway::GatewayConfiguration;
pub(crate) use kafka::KafkaConfiguration;
pub(crate) use limits::LimitsConfiguration;
pub(crate) use rabbitmq::RabbitmqConfiguration;
pub(crate) use redis::RedisConfiguration;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
pub(crate) use webhooks::{NoticesConfiguration, WebhooksConfiguration};

/// The example file: every setting with its default. A test reads it back and compares.
pub(crate) const EXAMPLE: &str = include_str!("config.example.toml");

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Configuration {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) store: String,
    pub(crate) currency: Currency,
    pub(crate) reference_routes: bool,
    pub(crate) log_format: LogFormat,
    pub(crate) connections_max: usize,
    pub(crate) answer_ms: u64,
    pub(crate) queue_depth_max: usize,
    pub(crate) batch_max: usize,
    pub(crate) drain_ms: u64,
    pub(crate) strategy: StrategyConfiguration,
    pub(crate) redis: RedisConfiguration,
    pub(crate) rabbitmq: RabbitmqConfiguration,
    pub(crate) kafka: KafkaConfiguration,
    pub(crate) deliveries: DeliveriesConfiguration,
    pub(crate) gateway: GatewayConfiguration,
    pub(crate) webhooks: WebhooksConfiguration,
    pub(crate) notices: NoticesConfiguration,
    pub(crate) limits: LimitsConfiguration,
    pub(crate) accounts: AccountsConfiguration,
    pub(crate) wallet: WalletConfiguration,
    pub(crate) issuer: Option<IssuerConfiguration>,
    /// For the laboratory; only a flag says it.
    #[serde(skip)]
    pub(crate) observe: bool,
    /// By how much each transaction is made longer; for the laboratory too.
    #[serde(skip)]
    pub(crate) slow_ms: u64,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// The embedded one, in a directory.
    Sqlite(PathBuf),
    /// On a `PostgreSQL`.
    Postgres(String),
    /// On a `MariaDB` or `MySQL`.
    Mysql(String),
}

/// Accounts of the house itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccountsConfiguration {
    pub(crate) open: bool,
}

impl Default for AccountsConfiguration {
    fn default() -> Self {
        Self { open: true }
    }
}

/// Wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WalletConfiguration {
    pub(crate) self_charge: bool,
}

impl Default for WalletConfiguration {
    fn default() -> Self {
        Self { self_charge: true }
    }
}

/// How commands are settled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StrategyConfiguration {
    /// None: what fits the store.
    #[serde(deserialize_with = "map")]
    pub(crate) map: Option<StrategyMap>,
    pub(crate) lock_wait_ms: u64,
}

/// A map in the notation of the command line; an empty text is none.
fn map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StrategyMap>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}

impl Default for StrategyConfiguration {
    fn default() -> Self {
        Self { map: None, lock_wait_ms: 1_000 }
    }
}

/// Somebody else's identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerConfiguration {
    pub(crate) name: String,
    pub(crate) audience: Option<String>,
    pub(crate) jwk: String,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("admitone-data"),
            store: String::new(),
            currency: Currency::KRW,
            reference_routes: false,
            log_format: LogFormat::Text,
            connections_max: 20_000,
            answer_ms: 15_000,
            queue_depth_max: 20_000,
            batch_max: 1_024,
            drain_ms: 0,
            strategy: StrategyConfiguration::default(),
            redis: RedisConfiguration::default(),
            rabbitmq: RabbitmqConfiguration::default(),
            kafka: KafkaConfiguration::default(),
            deliveries: DeliveriesConfiguration::default(),
            gateway: GatewayConfiguration::default(),
            webhooks: WebhooksConfiguration::default(),
            notices: NoticesConfiguration::default(),
            limits: LimitsConfiguration::default(),
            accounts: AccountsConfiguration::default(),
            wallet: WalletConfiguration::default(),
            issuer: None,
            observe: false,
            slow_ms: 0,
        }
    }
}

impl Configuration {
    /// What a file says; what it leaves out has its default.
    pub(crate) fn read(path: &Path) -> Result<Self, Failed> {
        let place = format!("the configuration {}", path.display());
        let text = std::fs::read_to_string(path).map_err(failed(&place))?;
        Self::parse(&text).map_err(failed(&place))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The same with what the environment says instead.
    fn with_variables(
        text: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failed> {
        let mut table: toml::Table = text.parse()?;
        if variables::overlay(&mut table, environment)? {
            return table.try_into().map_err(failed("the configuration with its variables"));
        }
        Ok(Self::parse(text)?)
    }

    /// The file that is named, if one is, below the variables, with the data directory that is
    /// named, if one is.
    pub(crate) fn of(place: &Place) -> Result<Self, Failed> {
        let text = match &place.config {
            Some(path) => {
                // By itself first: what is wrong with it is said with its line.
                Self::read(path)?;
                std::fs::read_to_string(path)?
            }
            None => String::new(),
        };
        let mut configuration = Self::with_variables(&text, |name| std::env::var(name).ok())?;
        if let Some(directory) = &place.data_dir {
            configuration.data_dir.clone_from(directory);
        }
        if let Some(store) = &place.store {
            configuration.store.clone_from(store);
        }
        if let Some(map) = &place.strategy {
            configuration.strategy.map = Some(map.clone());
        }
        if let Some(redis) = &place.redis {
            configuration.redis.servers.clone_from(redis);
        }
        if let Some(rabbitmq) = &place.rabbitmq {
            configuration.rabbitmq.server.clone_from(rabbitmq);
        }
        if let Some(kafka) = &place.kafka {
            configuration.kafka.servers.clone_from(kafka);
        }
        let is_embedded = matches!(configuration.address()?, Address::Sqlite(_));
        if let Some(flag) = configuration.beside().filter(|_| is_embedded) {
            return Err(failed(flag)(
                "it stands beside a store that instances share, and the embedded one has a single \
                 instance: leave it out, or name another store",
            ));
        }
        configuration.check_bounds()?;
        Ok(configuration)
    }

    /// What stands beside the store, if anything does: its flag.
    fn beside(&self) -> Option<&'static str> {
        let flags = [
            ("--redis", !self.redis.addresses().is_empty()),
            ("--rabbitmq", !self.rabbitmq.server.is_empty()),
            ("--kafka", !self.kafka.servers.is_empty()),
        ];
        flags.into_iter().find_map(|(flag, is_there)| is_there.then_some(flag))
    }

    /// Where the store is.
    pub(crate) fn address(&self) -> Result<Address, Failed> {
        let url = || self.store.clone();
        match self.store.split_once(':') {
            None if self.store.is_empty() => Ok(Address::Sqlite(self.data_dir.clone())),
            Some(("sqlite", directory)) if !directory.is_empty() => {
                Ok(Address::Sqlite(directory.into()))
            }
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Address::Postgres(url()))
            }
            Some(("mysql", rest)) if rest.starts_with("//") => Ok(Address::Mysql(url())),
            Some(("mariadb", rest)) if rest.starts_with("//") => {
                Ok(Address::Mysql(format!("mysql:{rest}")))
            }
            // It may hold a password, so it is not repeated.
            _ => Err(failed("the store")(
                "write sqlite:DIR, postgres://USER:PASSWORD@HOST/DATABASE or \
                 mysql://USER:PASSWORD@HOST/DATABASE",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::ports::store::Mode;

    #[test]
    fn the_example_says_the_defaults() {
        assert_eq!(Configuration::parse(EXAMPLE).unwrap(), Configuration::default());
    }

    type Change = fn(&mut Configuration);

    /// A value for each variable that is not its default, and what it makes of the settings.
    const SAID: [(&str, &str, Change); 52] = [
        ("ADMITONE_LISTEN", "127.0.0.1:9", |c| c.listen.set_port(9)),
        ("ADMITONE_DATA_DIR", "there", |c| c.data_dir = "there".into()),
        ("ADMITONE_STORE", "postgres://there/house", |c| c.store = "postgres://there/house".into()),
        ("ADMITONE_CURRENCY", "EUR", |c| c.currency = "EUR".parse().unwrap()),
        ("ADMITONE_REFERENCE_ROUTES", "true", |c| c.reference_routes = true),
        ("ADMITONE_LOG_FORMAT", "json", |c| c.log_format = LogFormat::Json),
        ("ADMITONE_CONNECTIONS_MAX", "7", |c| c.connections_max = 7),
        ("ADMITONE_ANSWER_MS", "7", |c| c.answer_ms = 7),
        ("ADMITONE_QUEUE_DEPTH_MAX", "7", |c| c.queue_depth_max = 7),
        ("ADMITONE_BATCH_MAX", "7", |c| c.batch_max = 7),
        ("ADMITONE_DRAIN_MS", "7", |c| c.drain_ms = 7),
        ("ADMITONE_STRATEGY", "batched pay=redlock", |c| {
            c.strategy.map = "batched pay=redlock".parse().ok();
        }),
        ("ADMITONE_LOCK_WAIT_MS", "7", |c| c.strategy.lock_wait_ms = 7),
        ("ADMITONE_REDIS", "redis://there", |c| c.redis.servers = "redis://there".into()),
        ("ADMITONE_REDIS_LEASE_MS", "7", |c| c.redis.lease_ms = 7),
        ("ADMITONE_REDIS_RENEW_MS", "7", |c| c.redis.renew_ms = 7),
        ("ADMITONE_REDIS_REPLICAS", "7", |c| c.redis.replicas = 7),
        ("ADMITONE_REDIS_FALLBACK", "optimistic", |c| {
            c.redis.fallback = Some(Mode::Optimistic);
        }),
        ("ADMITONE_RABBITMQ", "amqp://b", |c| c.rabbitmq.server = "amqp://b".into()),
        ("ADMITONE_RABBITMQ_QUEUES", "classic", |c| {
            c.rabbitmq.queues = admitone_adapter_rabbitmq::QueueKind::Classic;
        }),
        ("ADMITONE_RABBITMQ_LANES", "7", |c| c.rabbitmq.lanes = 7),
        ("ADMITONE_RABBITMQ_PREFETCH", "7", |c| c.rabbitmq.prefetch = 7),
        ("ADMITONE_RABBITMQ_CONSUMERS", "7", |c| c.rabbitmq.consumers = 7),
        ("ADMITONE_RABBITMQ_LENGTH_MAX", "7", |c| c.rabbitmq.length_max = 7),
        ("ADMITONE_RABBITMQ_EVENTS", "told", |c| c.rabbitmq.events = "told".into()),
        ("ADMITONE_KAFKA", "b:9", |c| c.kafka.servers = "b:9".into()),
        ("ADMITONE_KAFKA_LANES", "7", |c| c.kafka.lanes = 7),
        ("ADMITONE_KAFKA_EVENTS", "told", |c| c.kafka.events = "told".into()),
        ("ADMITONE_WORKERS", "7", |c| c.deliveries.workers = 7),
        ("ADMITONE_DELIVERY_WAIT_MS", "7", |c| c.deliveries.wait_ms = 7),
        ("ADMITONE_DELIVERY_DEADLINE_MS", "7", |c| c.deliveries.deadline_ms = 7),
        ("ADMITONE_DELIVERY_ATTEMPTS_MAX", "7", |c| c.deliveries.attempts_max = 7),
        ("ADMITONE_JOBS_BATCH_MAX", "7", |c| c.deliveries.jobs_batch_max = 7),
        ("ADMITONE_GATEWAY", "http://there", |c| c.gateway.url = "http://there".into()),
        ("ADMITONE_GATEWAY_SECRET_KEY", "sk", |c| c.gateway.secret_key = "sk".into()),
        ("ADMITONE_GATEWAY_PAGE", "http://pay", |c| c.gateway.page = "http://pay".into()),
        ("ADMITONE_GATEWAY_ANSWER_MS", "7", |c| c.gateway.answer_ms = 7),
        ("ADMITONE_GATEWAY_WAIT_MS", "7", |c| c.gateway.wait_ms = 7),
        ("ADMITONE_WEBHOOKS_PRIVATE_ADDRESSES", "true", |c| c.webhooks.private_addresses = true),
        ("ADMITONE_WEBHOOKS_ANSWER_MS", "7", |c| c.webhooks.answer_ms = 7),
        ("ADMITONE_WEBHOOKS_LINKS", "https://us", |c| c.webhooks.links = "https://us".into()),
        ("ADMITONE_NOTICES", "https://there", |c| c.notices.url = "https://there".into()),
        ("ADMITONE_NOTICES_SECRET", "whsec_", |c| c.notices.secret = "whsec_".into()),
        ("ADMITONE_LIMIT_SALE_PER_SECOND", "7", |c| c.limits.sale_per_second = 7),
        ("ADMITONE_LIMIT_SALE_BURST", "7", |c| c.limits.sale_burst = 7),
        ("ADMITONE_LIMIT_READ_PER_SECOND", "7", |c| c.limits.read_per_second = 7),
        ("ADMITONE_LIMIT_READ_BURST", "7", |c| c.limits.read_burst = 7),
        ("ADMITONE_LIMIT_ACCOUNTS_PER_MINUTE", "7", |c| c.limits.accounts_per_minute = 7),
        ("ADMITONE_LIMIT_ACCOUNTS_BURST", "7", |c| c.limits.accounts_burst = 7),
        ("ADMITONE_LIMIT_CLIENT_HEADER", "x-real-ip", |c| {
            c.limits.client_header = "x-real-ip".into();
        }),
        ("ADMITONE_ACCOUNTS_OPEN", "false", |c| c.accounts.open = false),
        ("ADMITONE_WALLET_SELF_CHARGE", "false", |c| c.wallet.self_charge = false),
    ];

    fn with(said: &[(&str, &str)]) -> Result<Configuration, Failed> {
        Configuration::with_variables("batch_max = 5", |name| {
            said.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_setting_has_a_variable_that_comes_before_the_file() {
        let file = Configuration { batch_max: 5, ..Configuration::default() };
        assert_eq!(with(&[]).unwrap(), file);
        for (name, value, change) in SAID {
            let mut expected = file.clone();
            change(&mut expected);
            assert_ne!(expected, file, "{name} is tested with what is there already");
            assert_eq!(with(&[(name, value)]).unwrap(), expected, "{name}");
            assert_eq!(with(&[(name, "")]).unwrap(), file, "{name} is empty");
        }
        let issuer = [
            ("ADMITONE_ISSUER_NAME", "them"),
            ("ADMITONE_ISSUER_AUDIENCE", "us"),
            ("ADMITONE_ISSUER_JWK", "{}"),
        ];
        let them = IssuerConfiguration {
            name: "them".into(),
            audience: Some("us".into()),
            jwk: "{}".into(),
        };
        assert_eq!(with(&issuer).unwrap().issuer, Some(them));
        let tested: Vec<&str> =
            SAID.iter().map(|(name, ..)| *name).chain(issuer.map(|(name, _)| name)).collect();
        let known: Vec<&str> = variables::VARIABLES.iter().map(|one| one.name).collect();
        assert_eq!(tested, known);
    }

    #[test]
    fn every_key_of_the_example_has_a_variable_that_is_named_beside_it() {
        let whole = EXAMPLE.replace("# [issuer]", "[issuer]").replace("# name", "name");
        let whole = whole.replace("# audience", "audience").replace("# jwk", "jwk");
        let table: toml::Table = whole.parse().unwrap();
        for (key, value) in &table {
            let keys: Vec<(Option<&str>, &str)> = match value.as_table() {
                Some(inner) => {
                    inner.keys().map(|name| (Some(key.as_str()), name.as_str())).collect()
                }
                None => vec![(None, key)],
            };
            for (table, key) in keys {
                let fits = |one: &&variables::Variable| one.table == table && one.key == key;
                let found = variables::VARIABLES.iter().find(fits);
                let found = found.unwrap_or_else(|| panic!("{key} has no variable"));
                assert!(EXAMPLE.contains(found.name), "the example does not name {}", found.name);
            }
        }
    }

    #[test]
    fn a_variable_that_cannot_be_read_is_named() {
        for (name, value) in [
            ("ADMITONE_BATCH_MAX", "many"),
            ("ADMITONE_REFERENCE_ROUTES", "perhaps"),
            ("ADMITONE_LISTEN", "here"),
            ("ADMITONE_ISSUER_NAME", "alone"),
            ("ADMITONE_STRATEGY", "best"),
            ("ADMITONE_REDIS_FALLBACK", "plain"),
        ] {
            let said = with(&[(name, value)]).unwrap_err().to_string();
            assert!(said.contains("ADMITONE") || said.contains("variables"), "{said}");
        }
    }

    #[test]
    fn a_store_is_named_by_its_address() {
        let address = |store: &str| {
            let store = store.to_owned();
            Configuration { store, ..Configuration::default() }.address()
        };
        assert_eq!(address("").unwrap(), Address::Sqlite("admitone-data".into()));
        assert_eq!(address("sqlite:a/b").unwrap(), Address::Sqlite("a/b".into()));
        for url in ["postgres://a:b@h/d", "postgresql://h/d"] {
            assert_eq!(address(url).unwrap(), Address::Postgres(url.into()));
        }
        for url in ["mysql://a:b@h/d", "mariadb://a:b@h/d"] {
            assert_eq!(address(url).unwrap(), Address::Mysql("mysql://a:b@h/d".into()));
        }
        for wrong in ["sqlite:", "redis://secret@h", "postgres:secret", "secret"] {
            let said = address(wrong).unwrap_err().to_string();
            assert!(said.contains("postgres://") && !said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_with_its_place() {
        let error = Configuration::parse("listn = \"127.0.0.1:80\"").unwrap_err().to_string();
        assert!(error.contains("listn") && error.contains("line 1"), "{error}");
    }
}
