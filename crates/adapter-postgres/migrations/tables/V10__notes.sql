-- What the house writes down about itself: what became of notices, how rehearsals are. `text` is JSON.
CREATE TABLE note (
    kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, about text COLLATE "C" NOT NULL,
    version bigint NOT NULL, at bigint NOT NULL, text text NOT NULL, PRIMARY KEY (kind, id)
);
CREATE INDEX note_by_time ON note (kind, at, id);
CREATE INDEX note_by_subject ON note (kind, about, at, id);
