//! `cargo xtask services up | down | status`: real PostgreSQL, MariaDB, five Redis nodes, RabbitMQ
//! and Kafka on free loopback ports, in a directory of their own, the driver of Chromium, the script
//! of axe-core, and the program of nginx, which a test starts by itself. The tests use the same
//! code. The distribution's own services are neither started nor touched, and every process is
//! stopped by its number.

mod axe;
mod chromium;
mod install;
mod kafka;
mod mariadb;
mod place;
mod postgres;
mod process;
mod rabbitmq;
mod redis;

use crate::command::root;
pub(crate) use install::require;
use place::Place;
use process::Process;
use std::path::{Path, PathBuf};

/// Set for tests that must not pass without their service.
pub(crate) const REQUIRED: &str = "ADMITONE_TEST_REQUIRED";

/// A service that tests may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Postgres,
    Mariadb,
    Redis,
    Rabbitmq,
    Kafka,
    Nginx,
    Chromium,
    Axe,
}

impl Service {
    const ALL: [Self; 8] = [
        Self::Postgres,
        Self::Mariadb,
        Self::Redis,
        Self::Rabbitmq,
        Self::Kafka,
        Self::Nginx,
        Self::Chromium,
        Self::Axe,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Redis => "redis",
            Self::Rabbitmq => "rabbitmq",
            Self::Kafka => "kafka",
            Self::Nginx => "nginx",
            Self::Chromium => "chromium",
            Self::Axe => "axe",
        }
    }

    /// The variable under which tests find it.
    fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "ADMITONE_TEST_POSTGRES",
            Self::Mariadb => "ADMITONE_TEST_MARIADB",
            Self::Redis => "ADMITONE_TEST_REDIS",
            Self::Rabbitmq => "ADMITONE_TEST_RABBITMQ",
            Self::Kafka => "ADMITONE_TEST_KAFKA",
            Self::Nginx => "ADMITONE_TEST_NGINX",
            Self::Chromium => "ADMITONE_TEST_CHROMIUM",
            Self::Axe => "ADMITONE_TEST_AXE",
        }
    }

    /// Whether it is a file that tests use by themselves, and no process.
    fn is_file(self) -> bool {
        matches!(self, Self::Nginx | Self::Axe)
    }

    /// Starts it; where it can be reached. Of nginx and axe-core, where the file is.
    fn start(self, place: &Place) -> Result<String, String> {
        match self {
            Self::Postgres => postgres::start(place),
            Self::Mariadb => mariadb::start(place),
            Self::Redis => redis::start(place),
            Self::Rabbitmq => rabbitmq::start(place),
            Self::Kafka => kafka::start(place),
            Self::Nginx => install::require("nginx"),
            Self::Chromium => chromium::start(place),
            Self::Axe => axe::bring(),
        }
    }
}

/// How long the processes live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Until somebody stops them.
    Long,
    /// Not longer than the process that started them, however it ends.
    WithUs,
}

/// `cargo xtask services …`.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let services = named(words.get(1..).unwrap_or_default())?;
    let home = root().join("target/services");
    match words.first().map(String::as_str) {
        Some("up") => up(&home, &services),
        Some("down") => services.iter().try_for_each(|service| down(&home, *service)),
        Some("status") => {
            for service in services {
                status(&home, service);
            }
            Ok(())
        }
        _ => Err(format!("services up | down | status [{}]", names("] ["))),
    }
}

/// The services of these names; all of them when none is named.
fn named(names: &[String]) -> Result<Vec<Service>, String> {
    if names.is_empty() {
        return Ok(Service::ALL.to_vec());
    }
    let find = |name: &String| {
        let found = Service::ALL.into_iter().find(|service| service.name() == name);
        found.ok_or_else(|| format!("{name} is no service: {}", self::names(", ")))
    };
    names.iter().map(find).collect()
}

/// The names of all services.
fn names(between: &str) -> String {
    Service::ALL.map(Service::name).join(between)
}

fn up(home: &Path, services: &[Service]) -> Result<(), String> {
    for service in services {
        let address = match running(home, *service) {
            Some(address) => address,
            None => start(home, *service, Life::Long)?,
        };
        println!("{}={address}", service.variable());
    }
    Ok(())
}

fn status(home: &Path, service: Service) {
    match running(home, service) {
        Some(address) => println!("up    {}={address}", service.variable()),
        None => println!("down  {}", service.name()),
    }
}

/// Where a service of this directory can be reached, if all its processes live.
fn running(home: &Path, service: Service) -> Option<String> {
    let directory = home.join(service.name());
    let address = std::fs::read_to_string(directory.join("address")).ok()?;
    if service.is_file() {
        return Path::new(&address).is_file().then_some(address);
    }
    let processes = Process::recorded_in(&directory);
    (!processes.is_empty() && processes.iter().all(Process::is_alive)).then_some(address)
}

fn start(home: &Path, service: Service, life: Life) -> Result<String, String> {
    down(home, service)?;
    install::ensure(service)?;
    let place = Place::make(&home.join(service.name()), life)?;
    let started = service.start(&place).and_then(|address| {
        place.write("address", &address)?;
        Ok(address)
    });
    if started.is_err() {
        // What is half up would be in the way of the next try; the log says why.
        Process::recorded_in(&place.directory).iter().for_each(Process::stop);
    }
    started
}

/// Stops a service and removes what it kept.
fn down(home: &Path, service: Service) -> Result<(), String> {
    let directory = home.join(service.name());
    Process::recorded_in(&directory).iter().for_each(Process::stop);
    Place::remove(&directory)
}

/// Services for one run of the tests; stopped when this is dropped.
pub(crate) struct ForTests {
    home: PathBuf,
    started: Vec<Service>,
    variables: Vec<(&'static str, String)>,
}

impl ForTests {
    /// Starts what the environment does not give yet. What cannot be started is said, and the
    /// tests that need it fail by themselves.
    pub(crate) fn start() -> Self {
        let home = root().join(format!("target/services/tests-{}", std::process::id()));
        let mut tests = Self { home, started: Vec::new(), variables: Vec::new() };
        tests.variables.push((REQUIRED, "1".to_owned()));
        for service in Service::ALL {
            if std::env::var_os(service.variable()).is_none() {
                tests.add(service);
            }
        }
        tests
    }

    /// Starts some of them anew, whatever the environment gives, for what must have them alone.
    pub(crate) fn of(services: &[Service]) -> Result<Self, String> {
        let home = root().join(format!("target/services/alone-{}", std::process::id()));
        let mut alone = Self { home, started: Vec::new(), variables: Vec::new() };
        for service in services {
            let address = start(&alone.home, *service, Life::WithUs)?;
            alone.variables.push((service.variable(), address));
            alone.started.push(*service);
        }
        Ok(alone)
    }

    /// Where one can be reached.
    pub(crate) fn address(&self, service: Service) -> Result<&str, String> {
        let known = self.variables.iter().find(|(name, _)| *name == service.variable());
        known.map(|(_, address)| &**address).ok_or_else(|| format!("no {}", service.name()))
    }

    /// What the tests are told.
    pub(crate) fn variables(&self) -> &[(&'static str, String)] {
        &self.variables
    }

    fn add(&mut self, service: Service) {
        match start(&self.home, service, Life::WithUs) {
            Ok(address) => {
                println!("started {} at {address}", service.name());
                self.variables.push((service.variable(), address));
                self.started.push(service);
            }
            Err(why) => println!("NOT STARTED: {}: {why}", service.name()),
        }
    }
}

impl Drop for ForTests {
    fn drop(&mut self) {
        for service in &self.started {
            if let Err(why) = down(&self.home, *service) {
                println!("{} was not cleaned up: {why}", service.name());
            }
        }
        // Only the directory itself is left, or the log of what did not start.
        drop(std::fs::remove_dir(&self.home));
    }
}
