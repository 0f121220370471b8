//! What a test needs and does not start by itself is named by the environment. Where it is not
//! named the test says that it did not run, and fails where it must not be left out.

/// Set where a test must not pass without its service; `CI` does the same.
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

/// Whether a test fails without its service.
pub fn is_required() -> bool {
    REQUIRED.iter().any(|name| std::env::var_os(name).is_some())
}

/// Why a service is not there, if it is not.
pub fn absent(variable: &str) -> Option<String> {
    std::env::var_os(variable).is_none().then(|| format!("{variable} is not set"))
}

/// What a variable names. Where it is not set the test says so.
///
/// # Panics
/// Panics where it is not set and the service is required.
pub fn named(variable: &str) -> Option<String> {
    if let Ok(named) = std::env::var(variable) {
        return Some(named);
    }
    assert!(!is_required(), "{variable} is not set");
    say(format_args!("NOT RUN: {variable} is not set"));
    None
}

#[expect(clippy::print_stderr, reason = "whoever runs tests must see what was not tested")]
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    eprintln!("{line}");
}
