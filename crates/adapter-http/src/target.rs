//! The address of an endpoint, as it is written.

use crate::failed::Failed;
use crate::public::is_public;
use hyper::Uri;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) is_secure: bool,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As it stands in the header `Host`.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

impl Target {
    /// Reads an address. Without a right to private ones it must have TLS, and a host that is
    /// written as an address must be public.
    pub(crate) fn of(url: &str, allows_private: bool) -> Result<Self, Failed> {
        // What the library leaves out silently would be no part of what is asked.
        if url.contains('#') {
            return Err(Failed::Address("it must not have a part behind `#`"));
        }
        let uri: Uri =
            url.parse().map_err(|_| Failed::Address("it must be `https://HOST/PATH`"))?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if allows_private => false,
            Some("http") => return Err(Failed::Plain),
            _ => return Err(Failed::Address("it must begin with `https://`")),
        };
        let authority = uri.authority().ok_or(Failed::Address("it must name a host"))?;
        if authority.as_str().contains('@') {
            return Err(Failed::Address("it must not hold a name or a password"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(Failed::Address("it must name a host"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // `HOST:` and `HOST:99999` are not `HOST`.
            None if authority.as_str().len() > authority.host().len() => {
                return Err(Failed::Address("its port must be a number up to 65535"));
            }
            None if is_secure => 443,
            None => 80,
        };
        let private = host.parse().ok().filter(|address| !allows_private && !is_public(*address));
        if let Some(found) = private {
            return Err(Failed::Private { host: host.to_owned(), found });
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            is_secure,
            host: host.to_owned(),
            port,
            authority: authority.as_str().to_owned(),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
        })
    }

    /// All of it.
    pub(crate) fn uri(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, allows_private: bool) -> Result<(String, u16, String), String> {
        let target = Target::of(url, allows_private).map_err(|failed| failed.to_string())?;
        Ok((target.host, target.port, target.path))
    }

    #[test]
    fn an_address_has_a_host_a_port_and_a_path() {
        for (url, host, port, path) in [
            ("https://shop.example", "shop.example", 443, "/"),
            ("https://shop.example:8443/a/b?c=d", "shop.example", 8443, "/a/b?c=d"),
            ("https://shop.example?c=d", "shop.example", 443, "/?c=d"),
            ("https://[2606:4700::1111]:9/x", "2606:4700::1111", 9, "/x"),
        ] {
            assert_eq!(read(url, false), Ok((host.into(), port, path.into())), "{url}");
        }
        assert_eq!(read("http://127.0.0.1:9/x", true), Ok(("127.0.0.1".into(), 9, "/x".into())));
        assert_eq!(read("http://shop/x", true), Ok(("shop".into(), 80, "/x".into())));
    }

    #[test]
    fn what_may_not_be_asked_is_refused_with_the_reason() {
        for (url, said) in [
            ("", "must be"),
            ("shop.example", "https://"),
            ("/path", "https://"),
            ("ftp://shop.example", "https://"),
            ("file:///etc/passwd", ""),
            ("https://", ""),
            ("https://:443/", ""),
            ("https://shop.example:/", "port"),
            ("https://shop.example:70000/", ""),
            ("https://ann:secret@shop.example/", "password"),
            ("https://shop.example/a#b", "#"),
            ("https://sh op.example/", ""),
            ("http://shop.example/", "TLS"),
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://[::1]/", "::1"),
            ("https://[::ffff:10.0.0.1]/", "10.0.0.1"),
            ("https://169.254.169.254/latest/meta-data", "private_addresses"),
        ] {
            let refused = read(url, false).expect_err(url);
            assert!(refused.contains(said), "{url}: {refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
