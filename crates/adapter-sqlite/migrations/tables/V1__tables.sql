-- Folded from the journal. `body` is the row as the domain knows it; the columns beside it are
-- those that lists, indexes and the verifier need.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('folded_seq', 0);

CREATE TABLE concert (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, first_at INTEGER NOT NULL,
    category TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX concert_by_date ON concert (first_at, id);
CREATE INDEX concert_by_category ON concert (category, first_at, id);
CREATE VIRTUAL TABLE concert_title USING fts5 (title, content = '', contentless_delete = 1);

CREATE TABLE show (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, concert INTEGER NOT NULL,
    opens_at INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX show_by_concert ON show (concert, opens_at);

CREATE TABLE plan (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE room (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE operator (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL);

CREATE TABLE buyer (
    id BLOB PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE reservation (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, show INTEGER NOT NULL, buyer BLOB NOT NULL,
    is_held INTEGER NOT NULL, held_until INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX reservation_by_buyer ON reservation (buyer, id);
CREATE INDEX reservation_held ON reservation (held_until, show) WHERE is_held = 1;

CREATE TABLE payment (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, buyer BLOB NOT NULL, reservation INTEGER,
    amount INTEGER NOT NULL, refunded INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX payment_by_buyer ON payment (buyer, id);

CREATE TABLE pass (
    room INTEGER NOT NULL, epoch INTEGER NOT NULL, place INTEGER NOT NULL,
    version INTEGER NOT NULL, ended_at INTEGER NOT NULL, PRIMARY KEY (room, epoch, place)
) WITHOUT ROWID;

CREATE TABLE quota (
    show INTEGER NOT NULL, buyer BLOB NOT NULL, version INTEGER NOT NULL, taken INTEGER NOT NULL,
    PRIMARY KEY (show, buyer)
) WITHOUT ROWID;

CREATE TABLE ticket_type (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, show INTEGER NOT NULL,
    capacity INTEGER NOT NULL, held INTEGER NOT NULL, sold INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX ticket_type_by_show ON ticket_type (show);

-- state: 0 free, 1 held, 2 sold, 3 blocked.
CREATE TABLE seat (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, show INTEGER NOT NULL,
    price INTEGER NOT NULL, state INTEGER NOT NULL, owner INTEGER, held_until INTEGER
);

CREATE TABLE wallet (
    buyer BLOB PRIMARY KEY, version INTEGER NOT NULL, currency TEXT NOT NULL,
    balance INTEGER NOT NULL
) WITHOUT ROWID;

-- kind: 0 charge, 1 use, 2 refund.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, buyer BLOB NOT NULL, kind INTEGER NOT NULL, amount INTEGER NOT NULL,
    at INTEGER NOT NULL, payment INTEGER
);
CREATE INDEX entry_by_buyer ON entry (buyer, id);

-- Answers that are dropped together: `ids` names them, 16 bytes each, `body` has them in the same
-- order. One of them has the number of its page times 64, and its place in it.
-- keep: 0 for a day, 1 for fifteen (money moved), 2 for ever.
CREATE TABLE answer_page (
    number INTEGER PRIMARY KEY, keep INTEGER NOT NULL, newest INTEGER NOT NULL, ids BLOB NOT NULL,
    body BLOB NOT NULL
);

-- One row for each folded batch: the outbox, in the order of the journal.
CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
