//! Why the laboratory could not go on.

/// Why the laboratory could not go on. What it finds wrong in the product is no trouble.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A socket, a file or a process.
    #[error("{doing}: {error}")]
    System {
        /// What was being done.
        doing: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The house answered something else than a preparation or an audit needs.
    #[error("{asked} was answered {status}: {body}")]
    Answer {
        /// What was asked.
        asked: String,
        /// The status.
        status: u16,
        /// The body, or its beginning.
        body: String,
    },
    /// Somebody asked for an end.
    #[error("interrupted")]
    Interrupted,
    /// Something that must be so is not.
    #[error("{0}")]
    Impossible(String),
}

impl Trouble {
    /// Whether the house had too much to do, and did nothing.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Answer { status: 503, body, .. } if body.contains("\"BUSY\""))
    }

    /// Says what was being done when the system failed.
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |error| Self::System { doing, error }
    }
}
