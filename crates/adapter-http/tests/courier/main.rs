//! The courier against real servers of this machine: what they answer, and how they fail to.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod server;

use admitone_adapter_http::{CourierOptions, HttpCourier, Trust};
use admitone_app::ports::webhooks::{Answered, Courier, Letter};
use server::{Manner, Server};
use std::path::Path;
use std::process::Stdio;

const WAIT_MS: u64 = 1_000;

fn courier(private_addresses: bool, trust: Trust) -> HttpCourier {
    HttpCourier::new(CourierOptions { private_addresses, answer_ms: WAIT_MS, trust })
}

fn letter(url: &str) -> Letter {
    let headers = vec![("webhook-id", "evt_1".to_owned())];
    Letter { url: url.to_owned(), headers, body: br#"{"type":"show.changed"}"#.to_vec() }
}

/// Sends; the status that was answered.
async fn send(courier: &HttpCourier, letter: &Letter) -> Result<u16, String> {
    courier.send(letter).await.map(|answered| answered.status)
}

/// Sends to a server that behaves so; what was told, and how often it was connected to.
async fn told(manner: Manner) -> (Result<u16, String>, usize) {
    let server = Server::start(manner).await;
    let answered = send(&courier(true, Trust::System), &letter(&server.url("/hook?a=b"))).await;
    (answered, server.connections())
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written_and_its_status_is_told() {
    let server = Server::start(Manner::Says("HTTP/1.1 204 No Content\r\n\r\n".into())).await;
    let answered = send(&courier(true, Trust::System), &letter(&server.url("/hook?a=b"))).await;
    assert_eq!(answered, Ok(204));
    let request = server.request();
    assert!(request.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{request}");
    for header in [
        format!("host: {}", server.authority()),
        "content-type: application/json".to_owned(),
        "webhook-id: evt_1".to_owned(),
        "content-length: 23".to_owned(),
        "user-agent: admitone/".to_owned(),
    ] {
        assert!(request.to_ascii_lowercase().contains(&header), "{header}: {request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"type\":\"show.changed\"}"), "{request}");
}

#[tokio::test]
async fn whatever_status_is_answered_is_told() {
    for status in [200, 201, 400, 410, 429, 500, 503] {
        let says = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nno");
        assert_eq!(told(Manner::Says(says)).await, (Ok(status), 1));
    }
}

#[tokio::test]
async fn who_says_when_to_come_again_is_heard() {
    let says = "HTTP/1.1 503 X\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(Manner::Says(says.into())).await;
    let answered = courier(true, Trust::System).send(&letter(&server.url("/"))).await;
    assert_eq!(answered, Ok(Answered { status: 503, not_within_ms: Some(120_000) }));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Server::start(Manner::Says("HTTP/1.1 200 OK\r\n\r\n".into())).await;
    let says = format!("HTTP/1.1 307 X\r\nlocation: {}\r\n\r\n", elsewhere.url("/"));
    assert_eq!(told(Manner::Says(says)).await, (Ok(307), 1));
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let (answered, connections) = told(Manner::Silent).await;
    assert_eq!((answered, connections), (Err("no answer within 1000 ms".to_owned()), 1));
}

#[tokio::test]
async fn a_server_that_says_a_byte_now_and_then_is_given_up_too() {
    let (answered, _) = told(Manner::Drips).await;
    assert_eq!(answered, Err("no answer within 1000 ms".to_owned()));
}

#[tokio::test]
async fn a_server_that_closes_without_a_word_has_not_answered() {
    let closed = Err("the connection was closed before an answer came".to_owned());
    assert_eq!(told(Manner::Closes).await, (closed.clone(), 1), "and is not asked again");
    assert_eq!(told(Manner::Says("HTTP/1.1 200".into())).await.0, closed);
}

#[tokio::test]
async fn what_is_no_http_is_said_to_be_none() {
    let (answered, _) = told(Manner::Says("220 mail.example ESMTP\r\n\r\n".into())).await;
    let said = answered.unwrap_err();
    assert!(said.starts_with("what was answered is no HTTP"), "{said}");
}

const WELL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn two_messages_to_an_endpoint_share_a_connection() {
    let server = Server::start(Manner::SaysAgain(WELL.into())).await;
    let courier = courier(true, Trust::System);
    for path in ["/one", "/two", "/three"] {
        assert_eq!(send(&courier, &letter(&server.url(path))).await, Ok(200));
        assert!(server.request().starts_with(&format!("POST {path} ")), "{}", server.request());
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_was_kept_loses_no_message() {
    // Closed after the answer, and found out before the next or while it is sent.
    let server = Server::start(Manner::Says(WELL.into())).await;
    let kind = courier(true, Trust::System);
    for _ in 0..20 {
        assert_eq!(send(&kind, &letter(&server.url("/"))).await, Ok(200));
    }
    assert_eq!(server.connections(), 20);
    // Closed when the next has come, without a word.
    let server = Server::start(Manner::SaysOnce(WELL.into())).await;
    for _ in 0..4 {
        assert_eq!(send(&kind, &letter(&server.url("/"))).await, Ok(200));
    }
    assert_eq!(server.connections(), 4, "each was sent on a fresh one");
}

#[tokio::test]
async fn so_many_connections_are_kept_and_no_more() {
    let server = Server::start(Manner::SaysAgain(WELL.into())).await;
    let kind = courier(true, Trust::System);
    let letter = letter(&server.url("/"));
    let at_once = async || {
        let sent = (0..20).map(|_| send(&kind, &letter));
        futures_util::future::join_all(sent).await
    };
    assert!(at_once().await.iter().all(|answered| *answered == Ok(200)));
    let first = server.connections();
    assert!(first > 8, "{first}");
    // What was too much is gone: those that are left are fewer.
    server.is_left().await;
    assert!(at_once().await.iter().all(|answered| *answered == Ok(200)));
    assert!(server.connections() > first, "all were kept");
}

#[tokio::test]
async fn what_is_kept_for_one_name_is_not_used_for_another() {
    let server = Server::start(Manner::SaysAgain(WELL.into())).await;
    let (kind, port) = (courier(true, Trust::System), server.port());
    assert_eq!(send(&kind, &letter(&server.url("/"))).await, Ok(200));
    let named = format!("http://localhost:{port}/");
    assert_eq!(send(&kind, &letter(&named)).await, Ok(200));
    assert_eq!(server.connections(), 2);
    // Nor by who may not ask there: what is kept belongs to who was allowed to make it.
    let strict = courier(false, Trust::System);
    assert!(send(&strict, &letter(&format!("https://localhost:{port}/"))).await.is_err());
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_huge_head_is_not_read_and_a_huge_body_changes_nothing() {
    let (answered, _) = told(Manner::EndlessHead).await;
    let said = answered.unwrap_err();
    assert!(said.starts_with("what was answered is no HTTP"), "{said}");
    let server = Server::start(Manner::EndlessBody).await;
    assert_eq!(send(&courier(true, Trust::System), &letter(&server.url("/"))).await, Ok(200));
    server.is_left().await;
    let sent = server.sent_bytes();
    assert!(sent < 8 * 1024 * 1024, "it went on reading: {sent} bytes");
}

#[tokio::test]
async fn a_body_that_does_not_end_keeps_nobody() {
    let says = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal";
    assert_eq!(told(Manner::SaysAndStays(says.into())).await, (Ok(200), 1));
}

#[tokio::test]
async fn a_port_with_nobody_behind_is_said_with_its_address() {
    let nobody = Server::start(Manner::Closes).await;
    let url = nobody.url("/");
    let to = nobody.authority().to_owned();
    nobody.stop().await;
    let said = send(&courier(true, Trust::System), &letter(&url)).await.unwrap_err();
    assert!(said.starts_with(&format!("no connection to {to}")), "{said}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_said_with_the_name() {
    let url = "https://no-such-host.invalid/";
    let said = courier(false, Trust::System).send(&letter(url)).await.unwrap_err();
    assert!(said.contains("no-such-host.invalid"), "{said}");
}

#[tokio::test]
async fn a_private_address_is_not_even_connected_to() {
    let server = Server::start(Manner::Says("HTTP/1.1 200 OK\r\n\r\n".into())).await;
    let port = server.port();
    let strict = courier(false, Trust::System);
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "localhost"] {
        let said = send(&strict, &letter(&format!("https://{host}:{port}/"))).await.unwrap_err();
        assert!(said.contains("private_addresses") || said.contains("cannot be"), "{host}: {said}");
    }
    // A name says by itself nothing of where it leads.
    assert_eq!(strict.check(&format!("https://localhost:{port}/")), Ok(()));
    assert!(strict.check(&format!("https://127.0.0.1:{port}/")).is_err());
    assert!(strict.check(&format!("http://shop.example:{port}/")).is_err());
    assert_eq!(server.connections(), 0);
    let kind = courier(true, Trust::System);
    assert_eq!(send(&kind, &letter(&server.url("/"))).await, Ok(200), "where it is allowed");
}

#[tokio::test]
async fn a_certificate_is_checked_against_who_is_trusted_and_the_name_that_was_asked() {
    let (server, authority) = Server::start_secure("localhost").await;
    let port = server.port();
    let trusting = courier(true, Trust::These(vec![authority]));
    let named = letter(&format!("https://localhost:{port}/"));
    assert_eq!(send(&trusting, &named).await, Ok(200));
    let other = letter(&format!("https://127.0.0.1:{port}/"));
    let said = send(&trusting, &other).await.unwrap_err();
    assert!(said.starts_with("no TLS with 127.0.0.1"), "another name: {said}");
    let (_, stranger) = Server::start_secure("localhost").await;
    let wary = courier(true, Trust::These(vec![stranger]));
    let said = send(&wary, &named).await.unwrap_err();
    assert!(said.starts_with("no TLS with localhost"), "another authority: {said}");
    let nobody = courier(true, Trust::These(Vec::new()));
    let said = send(&nobody, &named).await.unwrap_err();
    assert!(said.contains("certificates"), "{said}");
}

/// The system's certificates are read in the process: so the question is asked in another one, this
/// test once more.
#[tokio::test]
async fn a_certificate_of_ones_own_is_named_in_a_variable() {
    const NAME: &str = "a_certificate_of_ones_own_is_named_in_a_variable";
    const URL: &str = "ADMITONE_TEST_COURIER_URL";
    if let Ok(url) = std::env::var(URL) {
        assert_eq!(send(&courier(true, Trust::System), &letter(&url)).await, Ok(200));
        return;
    }
    let (server, certificate) = Server::start_certified("localhost").await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("authority.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    let url = format!("https://localhost:{}/", server.port());
    let ask = |certificates: &Path| {
        let mut again = tokio::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", NAME]).env(URL, &url).env("SSL_CERT_FILE", certificates);
        again.env_remove("SSL_CERT_DIR").stdout(Stdio::null()).stderr(Stdio::null());
        async move { again.status().await.unwrap().success() }
    };
    assert!(ask(&file).await, "it was not trusted");
    let (_, stranger) = Server::start_certified("localhost").await;
    std::fs::write(&file, stranger.pem()).unwrap();
    assert!(!ask(&file).await, "somebody else was trusted");
}

#[tokio::test]
async fn a_server_without_tls_is_not_taken_for_one_with() {
    let server = Server::start(Manner::Says("HTTP/1.1 200 OK\r\n\r\n".into())).await;
    let (_, authority) = Server::start_secure("localhost").await;
    let trusting = courier(true, Trust::These(vec![authority]));
    let url = format!("https://localhost:{}/", server.port());
    let said = trusting.send(&letter(&url)).await.unwrap_err();
    assert!(said.starts_with("no TLS with localhost"), "{said}");
}
