//! Where a room keeps its history: to come.
