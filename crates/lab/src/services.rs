//! The services that a house of our own uses, read off how it is configured.

use crate::instance::Variable;
use crate::machine::version_of;
use crate::proxy::Proxy;
use crate::urls::hosts;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::ops::Range;
use std::time::Duration;

/// The variable that names the store.
pub(crate) const STORE: &str = "ADMITONE_STORE";
const KAFKA: &str = "ADMITONE_KAFKA";

/// The variables that name services, and the port of what is written without a scheme.
const SERVICES: [(&str, Option<u16>); 4] = [
    (STORE, None),
    ("ADMITONE_REDIS", Some(6379)),
    ("ADMITONE_RABBITMQ", Some(5672)),
    (KAFKA, Some(9092)),
];
/// How long it is looked which of several addresses somebody listens at.
const LOOK: Duration = Duration::from_millis(200);

/// A service, or a node of one.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// The variable that names it.
    pub(crate) variable: &'static str,
    /// Where it listens, if its name leads anywhere.
    pub(crate) address: Option<SocketAddr>,
    /// Where its address stands in the variable.
    place: Range<usize>,
}

impl Service {
    /// One that listens there, or nobody knows where.
    #[cfg(test)]
    pub(crate) fn at(variable: &'static str, address: Option<SocketAddr>) -> Self {
        Self { variable, address, place: 0..0 }
    }

    /// Why nothing can stand between the house and it, if nothing can.
    pub(crate) fn why_no_proxy(&self) -> Option<&'static str> {
        (self.variable == KAFKA).then_some(
            "clients of Kafka go where its brokers say that they are, past anything that stands \
             before the address which they were given",
        )
    }
}

/// All of them, in the order in which faults count them: store, Redis, RabbitMQ, Kafka, and where
/// one has several nodes each of them.
pub(crate) fn services_of(variables: &[Variable]) -> Vec<Service> {
    let mut services = Vec::new();
    for (name, port) in SERVICES {
        for variable in variables.iter().filter(|variable| variable.name == name) {
            for host in hosts(&variable.value) {
                let text = variable.value[host.place.clone()].trim();
                if let Some(port) = host.usual_port.or(port) {
                    let address = resolved(text, port);
                    services.push(Service { variable: name, address, place: host.place });
                }
            }
        }
    }
    services
}

/// Where a host is. Of several addresses that one at which somebody listens.
fn resolved(host: &str, port: u16) -> Option<SocketAddr> {
    let with_port = host.to_socket_addrs().or_else(|_| format!("{host}:{port}").to_socket_addrs());
    let addresses: Vec<SocketAddr> = with_port.ok()?.collect();
    let listens = |at: &&SocketAddr| TcpStream::connect_timeout(at, LOOK).is_ok();
    match &addresses[..] {
        [one] => Some(*one),
        several => several.iter().find(listens).or(several.first()).copied(),
    }
}

/// Leads the house to the proxies before its services, by the numbers of these.
pub(crate) fn lead_to(
    proxies: &BTreeMap<usize, Proxy>,
    services: &[Service],
    variables: &mut [Variable],
) {
    // From the last to the first: what stands before stays where it is.
    for (number, service) in services.iter().enumerate().rev() {
        let variable = variables.iter_mut().find(|variable| variable.name == service.variable);
        if let (Some(proxy), Some(variable)) = (proxies.get(&number), variable) {
            variable.value.replace_range(service.place.clone(), &proxy.address.to_string());
        }
    }
}

/// What they say of their versions, by name.
pub(crate) fn versions_of(services: &[u32]) -> BTreeMap<String, String> {
    let said = services.iter().filter_map(|pid| version_of(*pid));
    let named = said.map(|text| {
        let name = text.split_whitespace().next().unwrap_or("service").to_lowercase();
        (name.rsplit('/').next().unwrap_or_default().to_owned(), text)
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(variables: &[(&'static str, &str)]) -> Vec<Variable> {
        let one = |(name, value): &(&'static str, &str)| Variable { name, value: (*value).into() };
        variables.iter().map(one).collect()
    }

    #[test]
    fn a_service_without_a_port_has_that_of_its_kind() {
        let variables = given(&[
            ("ADMITONE_KAFKA", "127.0.0.1,127.0.0.2:9"),
            ("ADMITONE_STORE", "mysql://ann:x@127.0.0.1/db"),
            ("ADMITONE_REDIS", "redis://127.0.0.1"),
            ("ADMITONE_STRATEGY", "batched"),
        ]);
        let found = services_of(&variables).into_iter().map(|one| one.address.unwrap());
        let wanted = ["127.0.0.1:3306", "127.0.0.1:6379", "127.0.0.1:9092", "127.0.0.2:9"];
        assert_eq!(found.map(|at| at.to_string()).collect::<Vec<_>>(), wanted);
        let local = services_of(&given(&[("ADMITONE_STORE", "postgres://localhost/db")]));
        assert_eq!(local[0].address.unwrap().port(), 5432);
    }

    #[test]
    fn a_house_is_led_to_the_proxies_whatever_its_addresses_look_like() {
        let mut variables = given(&[
            ("ADMITONE_STORE", "postgres://localhost:5432@localhost:5432/db"),
            ("ADMITONE_REDIS", "redis://127.0.0.1:6379,redis://127.0.0.1:63790,redis://127.0.0.1"),
        ]);
        let services = services_of(&variables);
        assert_eq!(services.len(), 4);
        let before = |number: usize| Proxy::start(services[number].address.unwrap()).unwrap();
        let proxies: BTreeMap<usize, Proxy> = [0, 1, 3].map(|one| (one, before(one))).into();
        lead_to(&proxies, &services, &mut variables);
        let [store, first, last] = [0, 1, 3].map(|number| proxies[&number].address);
        assert_eq!(variables[0].value, format!("postgres://localhost:5432@{store}/db"));
        let nodes = format!("redis://{first},redis://127.0.0.1:63790,redis://{last}");
        assert_eq!(variables[1].value, nodes);
    }
}
