//! The log: lines for people, or JSON lines with names of the Elastic Common Schema.

use crate::arguments::LogFormat;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Starts the log. `ADMITONE_LOG` chooses what is said, such as `debug` or `admitone_app=debug`.
pub(crate) fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_env("ADMITONE_LOG").unwrap_or_else(|_| {
        // Migrations say every step; what matters of them is said by `migrate`.
        EnvFilter::new("info,refinery_core=warn")
    });
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(is_terminal)
        // A line that cannot be written (the disk is full) would be reported where it cannot be
        // written either, and that ends the request in hand.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    // A second start in one process keeps the first log.
    let started = match format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.event_format(ElasticCommonSchema).try_init(),
    };
    drop(started);
}

/// One JSON object a line.
struct ElasticCommonSchema;

impl<S, N> FormatEvent<S, N> for ElasticCommonSchema
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        use admitone_app::ports::clock::Clock;
        let mut fields = Fields(serde_json::Map::new());
        event.record(&mut fields);
        let mut line = fields.0;
        let now = admitone_app::clock::SystemClock::default().now();
        if let Some(request_id) = admitone_api::request_id::current() {
            line.entry("http.request.id").or_insert(request_id.into());
        }
        line.insert("@timestamp".into(), now.to_string().into());
        line.insert("log.level".into(), event.metadata().level().as_str().to_lowercase().into());
        line.insert("log.logger".into(), event.metadata().target().into());
        line.insert("service.name".into(), "admitone".into());
        line.insert("ecs.version".into(), "8.11".into());
        writeln!(writer, "{}", serde_json::Value::Object(line))
    }
}

struct Fields(serde_json::Map<String, serde_json::Value>);

impl Fields {
    /// The schema's name of a field of ours.
    fn name(field: &Field) -> String {
        match field.name() {
            "request_id" => "http.request.id",
            "method" => "http.request.method",
            "path" => "url.path",
            "status" => "http.response.status_code",
            "trouble" | "error" => "error.message",
            other => other,
        }
        .to_owned()
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(Self::name(field), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(Self::name(field), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(Self::name(field), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(Self::name(field), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(Self::name(field), value.into());
    }
}
