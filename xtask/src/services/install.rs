//! Brings the Debian packages of a service, where that is allowed; says what is missing where not.

use super::Service;
use super::place::is_root;
use crate::command::{finish, output, program};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The packages, and for each a program, or the path of a file, that is there once the package is.
fn packages(service: Service) -> &'static [(&'static str, &'static str)] {
    match service {
        Service::Postgres => &[("postgresql", "initdb")],
        Service::Mariadb => &[("mariadb-server", "mariadbd")],
        // The second tells a server of a test another time.
        Service::Redis => &[("redis-server", "redis-server"), ("faketime", "faketime")],
        // With it comes Erlang, and epmd, by which the nodes of RabbitMQ find each other.
        Service::Rabbitmq => &[("rabbitmq-server", "rabbitmq-server")],
        // Kafka itself is no package: see there.
        Service::Kafka => &[("default-jre-headless", "java"), ("maven", "mvn")],
        Service::Nginx => &[("nginx", "nginx")],
        // Without the last, pictures of Korean pages show boxes.
        Service::Chromium => &[
            ("chromium", "chromium"),
            ("chromium-driver", "chromedriver"),
            ("fonts-nanum", "/usr/share/fonts/truetype/nanum/NanumGothic.ttf"),
        ],
        // axe-core itself is no package: see there.
        Service::Axe => &[("npm", "npm")],
    }
}

/// Sees to it that a service can be started.
pub(super) fn ensure(service: Service) -> Result<(), String> {
    packages(service).iter().try_for_each(|(package, witness)| install(service, package, witness))
}

fn install(service: Service, package: &str, witness: &str) -> Result<(), String> {
    if find(witness).is_some() {
        return Ok(());
    }
    if !is_root() {
        return Err(format!(
            "{witness} is missing: `sudo apt-get install {package}`, or say in {} where one runs",
            service.variable()
        ));
    }
    eprintln!("installing {package}");
    let _policy = Policy::forbid()?;
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", package])?;
    find(witness).map(|_| ()).ok_or_else(|| format!("{package} was installed without {witness}"))
}

/// Where a program is: on the path, or where Debian keeps those of PostgreSQL.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.push(PathBuf::from("/usr/sbin"));
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.filter_map(Result::ok).map(|version| version.path().join("bin")));
    }
    places.into_iter().map(|place| place.join(name)).find(|path| path.is_file())
}

/// Where a program is that the package has.
pub(crate) fn require(name: &str) -> Result<String, String> {
    let found = find(name).ok_or_else(|| format!("{name} is missing"))?;
    Ok(found.to_string_lossy().into_owned())
}

fn apt(words: &[&str]) -> Result<(), String> {
    let all = [&["apt-get", "--quiet=2", "-o", "DPkg::Lock::Timeout=300"], words].concat();
    let mut command = program(&all);
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    // What it prints goes to the other stream: this one may be read by a shell.
    command.stdout(std::io::stderr());
    finish(&all, &mut command)
}

/// Keeps the packages from starting the services of the distribution.
struct Policy {
    is_ours: bool,
}

impl Policy {
    fn forbid() -> Result<Self, String> {
        if Path::new(POLICY).exists() {
            let said = output(&["sh", "-c", &format!("{POLICY} any start; echo $?")]);
            return match said.as_deref().map(str::trim) {
                Ok("101") => Ok(Self { is_ours: false }),
                _ => Err(format!(
                    "{POLICY} lets packages start services: make it `exit 101` for the installation"
                )),
            };
        }
        std::fs::write(POLICY, "#!/bin/sh\nexit 101\n")
            .and_then(|()| std::fs::set_permissions(POLICY, PermissionsExt::from_mode(0o755)))
            .map_err(|error| format!("{POLICY}: {error}"))?;
        Ok(Self { is_ours: true })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.is_ours {
            drop(std::fs::remove_file(POLICY));
        }
    }
}
