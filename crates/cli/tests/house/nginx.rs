//! A real nginx with the configuration of `deploy/`, on ports of its own.

use crate::process::House;
use admitone_conformance::kept_ports::KeptPorts;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const VARIABLE: &str = "ADMITONE_TEST_NGINX";
const CONFIGURATION: &str = include_str!("../../../../deploy/nginx.conf");

/// Where the program is; none where there is none and none is required.
pub(crate) fn program() -> Option<String> {
    let found = std::env::var(VARIABLE).ok();
    if found.is_none() {
        let is_required =
            ["ADMITONE_TEST_REQUIRED", "CI"].iter().any(|name| std::env::var_os(name).is_some());
        assert!(!is_required, "{VARIABLE} is not set");
        println!("NOT RUN: {VARIABLE} is not set");
    }
    found
}

/// The instances that it leads to.
pub(crate) struct Instances<'a>(pub(crate) &'a [&'a House]);

/// A running nginx. Dropped, it is stopped.
pub(crate) struct Nginx {
    child: Child,
    _directory: tempfile::TempDir,
    _ports: KeptPorts<3>,
    /// Where it sells without TLS, for this test alone.
    pub(crate) address: String,
    /// Where it sells with TLS.
    pub(crate) tls: String,
    /// Where it sends everybody to TLS.
    pub(crate) plain: String,
}

impl Nginx {
    pub(crate) fn start(program: &str, instances: &Instances<'_>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        make_certificate(directory.path());
        let ports = KeptPorts::keep();
        let [address, tls, plain] = ports.numbers().map(|port| format!("127.0.0.1:{port}"));
        let text = configuration(instances, [&address, &tls, &plain], directory.path());
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let command = |words: &[&str]| {
            let mut command = Command::new(program);
            command.arg("-p").arg(directory.path()).arg("-c").arg(&file).args(["-e", "stderr"]);
            command.args(words);
            command
        };
        let checked = command(&["-t"]).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success(), "{said}");
        assert!(!said.contains("[warn]"), "{said}");
        let mut running = command(&["-g", "daemon off;"]);
        let child = running.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let nginx = Self { child, _directory: directory, _ports: ports, address, tls, plain };
        nginx.await_start();
        nginx
    }

    fn await_start(&self) {
        for _ in 0..2_400 {
            if TcpStream::connect(&self.address).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("nginx did not start at {}", self.address);
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Asked, so that its workers end with it.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}

fn make_certificate(directory: &Path) {
    let words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"];
    let made = Command::new("openssl")
        .args(words)
        .args(["-days", "1", "-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// The configuration with other places: nothing else is changed, and what is changed must be there.
fn configuration(instances: &Instances<'_>, places: [&str; 3], directory: &Path) -> String {
    let [address, tls, plain] = places;
    let mut text = CONFIGURATION.to_owned();
    let mut replace = |from: &str, to: &str| {
        assert!(text.contains(from), "the configuration has no {from}");
        text = text.replace(from, to);
    };
    let directory = directory.display().to_string();
    for (number, house) in (1..).zip(instances.0) {
        replace(&format!("server admitone-{number}:8080 "), &format!("server {} ", house.address));
    }
    replace("        server admitone-3:8080 max_fails=3 fail_timeout=2s;\n", "");
    replace("listen 80;", &format!("listen {plain};"));
    replace("listen 443 ssl http2;", &format!("listen {tls} ssl http2; listen {address};"));
    replace("/etc/nginx/tls/", &format!("{directory}/"));
    replace("/run/nginx.pid", &format!("{directory}/nginx.pid"));
    replace("access_log /dev/stdout admitone;", "access_log access.log admitone;");
    replace("worker_processes auto;", "worker_processes 1;");
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = kinds.map(|kind| format!("{kind}_temp_path {directory}/{kind};")).concat();
    replace("http {", &format!("http {{ {temporary}"));
    if rustix::process::geteuid().is_root() {
        // Its workers read and write in the directory of the test.
        text.insert_str(0, "user root;\n");
    }
    text
}
