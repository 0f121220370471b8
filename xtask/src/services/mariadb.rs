//! MariaDB: a data directory of its own, durable as in a sale.

use super::install::require;
use super::place::{Place, User};
use super::process::{self, Wish};
use crate::command::output;

pub(super) fn start(place: &Place) -> Result<String, String> {
    let user = User::first_of(&["mysql", "nobody"])?;
    let data = place.data(user.as_ref())?.to_string_lossy().into_owned();
    let datadir = format!("--datadir={data}");
    let (make, server) = (require("mariadb-install-db")?, require("mariadbd")?);
    let options =
        ["--no-defaults", &datadir, "--auth-root-authentication-method=normal", "--skip-test-db"];
    place.run(user.as_ref(), &[&[&*make], &options[..]].concat())?;
    let words = |port: u16| {
        let port = format!("--port={port}");
        let settings = [
            server.as_str(),
            "--no-defaults",
            &datadir,
            &port,
            "--bind-address=127.0.0.1",
            // In the data directory: the path of a socket must be short.
            "--socket=socket",
            "--pid-file=mariadbd.pid",
            "--skip-log-bin",
            "--skip-name-resolve",
            "--max-connections=300",
            "--innodb-buffer-pool-size=128M",
            "--innodb-flush-log-at-trx-commit=1",
        ];
        settings.map(str::to_owned).to_vec()
    };
    let admin = require("mariadb-admin")?;
    let answers = |port: u16| {
        let port = format!("--port={port}");
        let words = ["--no-defaults", "--host=127.0.0.1", "--user=root", "--silent", &port, "ping"];
        output(&[&[&*admin], &words[..]].concat())
    };
    let port = process::start(
        place,
        &Wish {
            name: "mariadb",
            user: user.as_ref(),
            end: "TERM",
            words: &words,
            answers: &|port| answers(port).is_ok(),
        },
    )?;
    Ok(format!("mysql://root@127.0.0.1:{port}/mysql"))
}
