//! Apache Kafka: one broker that is its own controller. It is no package of the distribution, so
//! Maven brings it by its coordinates, once, into a cache outside the repository.

use super::place::Place;
use super::process::{self, Wish, free_port};
use crate::command::{finish, output, program};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Tests look for it under this version too: `crates/conformance/src/own_broker.rs`.
const VERSION: &str = "4.1.1";

/// Any 16 bytes in base 64: the broker knows nobody else.
const CLUSTER: &str = "YWRtaXRvbmUtdGVzdC0wMQ";

/// What Maven is told to bring. Kafka speaks through a facade; the second lets its words be read.
const PROJECT: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>admitone</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
"#;

/// Topics are small and few here, and one broker has every copy. What is written is synced by the
/// system when it likes, as Kafka does it: the copies of others are its durability. The cleaner of compacted topics takes
/// 128 MiB of memory where nobody says otherwise: with half of it full from the start the broker stood still for a
/// quarter of a second every few seconds to collect what it did not need any more.
const SETTINGS: &str = "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:1
listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=8388608
";

pub(super) fn start(place: &Place) -> Result<String, String> {
    let library = library()?;
    let data = place.data(None)?.to_string_lossy().into_owned();
    let settings = place.directory.join("settings").to_string_lossy().into_owned();
    place.write("settings", &format!("{SETTINGS}log.dirs={data}\n"))?;
    let java = java(&library);
    let java: Vec<&str> = java.iter().map(String::as_str).collect();
    let format = ["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", &settings];
    place.run(None, &[&java[..], &format[..]].concat())?;
    let words = |port: u16| {
        // A port that was taken meanwhile ends the broker, and the next try has another.
        let controller = free_port().unwrap_or_default();
        let listeners =
            format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
        let voters = format!("controller.quorum.voters=1@127.0.0.1:{controller}");
        let server = ["kafka.Kafka", &settings, "--override", &listeners, "--override", &voters];
        java.iter().chain(&server).map(|word| (*word).to_owned()).collect()
    };
    let wish = Wish { name: "kafka", user: None, end: "TERM", words: &words, answers: &answers };
    Ok(format!("127.0.0.1:{}", process::start(place, &wish)?))
}

/// The machine that runs it, small.
fn java(library: &Path) -> Vec<String> {
    let path = format!("{}/*", library.display());
    let words = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &path];
    words.map(str::to_owned).to_vec()
}

/// Where the archives are; brought where they are not.
fn library() -> Result<PathBuf, String> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = cache.or_else(home).ok_or("neither HOME nor XDG_CACHE_HOME is set")?;
    let library = cache.join(format!("admitone/kafka-{VERSION}"));
    if !library.is_dir() {
        bring(&library)?;
    }
    Ok(library)
}

fn bring(library: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", library.display());
    eprintln!("bringing Apache Kafka {VERSION} (40 MB, once) to {}", library.display());
    // Whole or not at all: another may look meanwhile.
    let half = format!("{}-part-{}", library.display(), std::process::id());
    let half = PathBuf::from(half);
    std::fs::create_dir_all(&half).map_err(said)?;
    let project = half.join("pom.xml");
    std::fs::write(&project, PROJECT.replace("VERSION", VERSION)).map_err(said)?;
    let (project, to) =
        (project.to_string_lossy(), format!("-DoutputDirectory={}", half.display()));
    let words = [
        "mvn",
        "--batch-mode",
        "--file",
        &project,
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        &to,
    ];
    // What it prints goes to the other stream: this one may be read by a shell.
    let brought = finish(&words, program(&words).stdout(std::io::stderr()));
    let brought = brought.and_then(|()| std::fs::rename(&half, library).map_err(said));
    if brought.is_err() {
        drop(output(&["rm", "-r", &half.to_string_lossy()]));
    }
    if library.is_dir() { Ok(()) } else { brought }
}

/// Whether it says which requests it knows: it does once it serves.
fn answers(port: u16) -> bool {
    // Length, which request, its version, a number, nobody's name.
    const ASK: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(&ASK)?;
        let mut answer = [0; 10];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer[4..] == [0, 0, 0, 7, 0, 0])
}
