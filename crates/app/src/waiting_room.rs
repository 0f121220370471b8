//! The waiting room: to come.
