-- What the house writes down about itself: what became of notices, how rehearsals are. `text` is JSON.
CREATE TABLE note (
    kind TEXT NOT NULL, id TEXT NOT NULL, about TEXT NOT NULL, version INTEGER NOT NULL,
    at INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX note_by_time ON note (kind, at, id);
CREATE INDEX note_by_subject ON note (kind, about, at, id);
