//! Addresses as they are given to a house: URLs with passwords, several with commas between them.

use std::ops::Range;

/// A host that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// Where it stands in the text, with its port if it has one.
    pub(crate) place: Range<usize>,
    /// The port of its kind, where the text names none and the kind is known.
    pub(crate) usual_port: Option<u16>,
}

/// The hosts of `scheme://user:password@host:port/…`, or of `host:port,host:port`, in their order.
pub(crate) fn hosts(text: &str) -> Vec<Host> {
    let mut hosts = Vec::new();
    for piece in pieces(text) {
        let url = &text[piece.clone()];
        let blank = url.len() - url.trim_start().len();
        let (scheme, from) = url.find("://").map_or(("", blank), |at| (&url[blank..at], at + 3));
        let to = url[from..].find(AFTER_HOSTS).map_or(url.len(), |at| from + at);
        let from = url[from..to].rfind('@').map_or(from, |at| from + at + 1);
        let mut begin = piece.start + from;
        for host in url[from..to].split(',') {
            let place = begin..begin + host.len();
            begin = place.end + 1;
            if !host.is_empty() {
                hosts.push(Host { place, usual_port: usual_port(scheme) });
            }
        }
    }
    hosts
}

/// The same text without its passwords and its databases: it may be read by anybody.
pub fn without_secrets(text: &str) -> String {
    let one = |piece: Range<usize>| {
        let url = &text[piece];
        let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
        let end = rest.find(AFTER_HOSTS).unwrap_or(rest.len());
        match rest.rfind('@') {
            // Perhaps a part of the password: nobody can tell where it ends.
            Some(at) if at > end => format!("{scheme}://…"),
            at => {
                let host = &rest[at.map_or(0, |at| at + 1)..end];
                let more = match rest[end..].chars().next() {
                    None => "",
                    Some(' ') => " …",
                    Some(_) => "/…",
                };
                format!("{scheme}://{host}{more}")
            }
        }
    };
    pieces(text).into_iter().map(one).collect::<Vec<_>>().join(",")
}

/// What ends the part of a URL that says where.
const AFTER_HOSTS: [char; 4] = ['/', '?', '#', ' '];

/// The URLs between commas. A comma in a password begins no other one.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut begin = 0;
    for part in text.split(',') {
        let end = begin + part.len();
        match pieces.last_mut() {
            Some(last) if !part.contains("://") && text[last.clone()].contains("://") => {
                last.end = end;
            }
            _ => pieces.push(begin..end),
        }
        begin = end + 1;
    }
    pieces
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "postgres" | "postgresql" => Some(5432),
        "mysql" | "mariadb" => Some(3306),
        "redis" | "rediss" => Some(6379),
        "amqp" => Some(5672),
        "amqps" => Some(5671),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Option<u16>)> {
        hosts(text).into_iter().map(|host| (&text[host.place], host.usual_port)).collect()
    }

    #[test]
    fn hosts_are_found_behind_passwords_and_before_options() {
        let postgres = "postgres://a:p%40@127.0.0.1:5433/db?options=-csearch_path%3Dx";
        assert_eq!(found(postgres), [("127.0.0.1:5433", Some(5432))]);
        assert_eq!(found("postgres://localhost/db"), [("localhost", Some(5432))]);
        assert_eq!(found("amqp://[::1]:1/%2f"), [("[::1]:1", Some(5672))]);
        let nodes = "redis://:a,b@h:1,redis://i";
        assert_eq!(found(nodes), [("h:1", Some(6379)), ("i", Some(6379))]);
        assert_eq!(found("h:9092, i:9093"), [("h:9092", None), ("i:9093", None)]);
        assert_eq!(found("postgres:///db?host=/run/postgresql"), []);
    }

    #[test]
    fn a_password_is_shown_to_nobody_whatever_it_is_made_of() {
        let shown = without_secrets;
        assert_eq!(shown("postgres://ann:p@ss@h:5432/house?x=1"), "postgres://h:5432/…");
        assert_eq!(shown("redis://:secret@h:1,redis://h:2"), "redis://h:1,redis://h:2");
        assert_eq!(shown("redis://:se,cret@h:1,redis://h:2"), "redis://h:1,redis://h:2");
        assert_eq!(shown("--store=mysql://ann:pa,ss@h/house"), "--store=mysql://h/…");
        assert_eq!(shown("postgres://h/db?password=p@ss"), "postgres://…");
        assert_eq!(shown("postgres://ann:pa/ss@h/db"), "postgres://…");
        assert_eq!(shown("1s:run:curl http://h:1 --user ann:x@y"), "1s:run:curl http://…");
        assert_eq!(shown("h:9092,i:9092"), "h:9092,i:9092");
        assert_eq!(shown("--set"), "--set");
    }
}
