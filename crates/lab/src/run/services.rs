//! The services that a house of our own uses, read off how it is configured.

use crate::instance::Variable;
use crate::machine::{addresses_of, version_of};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The variables that name services.
pub(super) const SERVICES: [&str; 4] =
    ["ADMITONE_STORE", "ADMITONE_REDIS", "ADMITONE_RABBITMQ", "ADMITONE_KAFKA"];

/// Where they listen.
pub(super) fn services_of(variables: &[Variable]) -> Vec<SocketAddr> {
    let is_service = |variable: &&Variable| SERVICES.contains(&variable.name);
    let urls = variables.iter().filter(is_service);
    urls.flat_map(|variable| addresses_of(&variable.value)).collect()
}

/// What they say of their versions, by name.
pub(super) fn versions_of(services: &[u32]) -> BTreeMap<String, String> {
    let said = services.iter().filter_map(|pid| version_of(*pid));
    let named = said.map(|text| {
        let name = text.split_whitespace().next().unwrap_or("service").to_lowercase();
        (name.rsplit('/').next().unwrap_or_default().to_owned(), text)
    });
    named.collect()
}
