//! The configuration: a TOML file, below variables and flags.

use crate::arguments::{LogFormat, Place};
use crate::exit::{Failed, failed};
use admitone_domain::Currency;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The example file: every setting with its default. A test reads it back and compares.
pub(crate) const EXAMPLE: &str = include_str!("config.example.toml");

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Configuration {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) currency: Currency,
    pub(crate) reference_routes: bool,
    pub(crate) log_format: LogFormat,
    pub(crate) connections_max: usize,
    pub(crate) queue_depth_max: usize,
    pub(crate) batch_max: usize,
    pub(crate) issuer: Option<IssuerConfiguration>,
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
            currency: Currency::KRW,
            reference_routes: false,
            log_format: LogFormat::Text,
            connections_max: 20_000,
            queue_depth_max: 20_000,
            batch_max: 1_024,
            issuer: None,
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

    /// The file that is named, if one is, with the data directory that is named, if one is.
    pub(crate) fn of(place: &Place) -> Result<Self, Failed> {
        let mut configuration = match &place.config {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        if let Some(directory) = &place.data_dir {
            configuration.data_dir.clone_from(directory);
        }
        Ok(configuration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_the_defaults() {
        assert_eq!(Configuration::parse(EXAMPLE).unwrap(), Configuration::default());
    }

    #[test]
    fn an_unknown_setting_is_refused_with_its_place() {
        let error = Configuration::parse("listn = \"127.0.0.1:80\"").unwrap_err().to_string();
        assert!(error.contains("listn") && error.contains("line 1"), "{error}");
    }
}
