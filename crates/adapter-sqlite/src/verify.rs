//! To come in the next step.
