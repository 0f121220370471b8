-- The truth: one row for each batch, and the numbers that must be durable by themselves.
CREATE TABLE batch (
    seq  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);

CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE fence (
    name  TEXT PRIMARY KEY,
    token INTEGER NOT NULL
) WITHOUT ROWID;
