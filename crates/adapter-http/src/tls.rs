//! Whom to trust: the certificates of the system, or those that are given.

use crate::failed::Failed;
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Whose certificates are taken.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// Those of the system; a house with a CA of its own names it in `SSL_CERT_FILE`.
    #[default]
    System,
    /// These alone, each DER.
    These(Vec<Vec<u8>>),
}

/// Makes connections secure. The certificates are read when the first is made: a house that sends
/// nothing needs none.
pub(crate) struct Tls {
    trust: Trust,
    connector: OnceLock<TlsConnector>,
}

impl Tls {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, connector: OnceLock::new() }
    }

    pub(crate) fn connector(&self) -> Result<&TlsConnector, Failed> {
        if let Some(known) = self.connector.get() {
            return Ok(known);
        }
        let roots = self.roots()?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(self.connector.get_or_init(|| TlsConnector::from(Arc::new(config))))
    }

    fn roots(&self) -> Result<RootCertStore, Failed> {
        let (found, why) = match &self.trust {
            Trust::System => {
                let found = rustls_native_certs::load_native_certs();
                let why: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
                (found.certs, why.join("; "))
            }
            Trust::These(given) => {
                (given.iter().cloned().map(CertificateDer::from).collect(), String::new())
            }
        };
        let mut roots = RootCertStore::empty();
        // Some systems carry certificates that cannot be read: the others do.
        roots.add_parsable_certificates(found);
        if roots.is_empty() {
            let why = if why.is_empty() { "there are none".to_owned() } else { why };
            return Err(Failed::NoTrust(why));
        }
        Ok(roots)
    }
}
