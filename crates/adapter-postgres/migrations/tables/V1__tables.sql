-- `body` is the row as the domain knows it; the columns beside it are those that lists, guards,
-- deltas and the verifier need. A row of version 0 was made only to be locked: there is none.
-- What changes often is not indexed, and its pages are left half empty, so that an update stays
-- on its page and touches no index.
CREATE TABLE concert (
    id bigint PRIMARY KEY, version bigint NOT NULL, first_at bigint NOT NULL,
    category text COLLATE "C" NOT NULL, body bytea NOT NULL
);
CREATE INDEX concert_by_date ON concert (first_at, id);
CREATE INDEX concert_by_category ON concert (category, first_at, id);

-- The words of titles in small letters: a search asks how they begin.
CREATE TABLE concert_word (
    concert bigint NOT NULL, word text COLLATE "C" NOT NULL, PRIMARY KEY (concert, word)
);
CREATE INDEX concert_by_word ON concert_word (word, concert);

CREATE TABLE show (
    id bigint PRIMARY KEY, version bigint NOT NULL, concert bigint NOT NULL,
    opens_at bigint NOT NULL, body bytea NOT NULL
);
CREATE INDEX show_by_concert ON show (concert, opens_at, id);

CREATE TABLE plan (id bigint PRIMARY KEY, version bigint NOT NULL, body bytea NOT NULL);
CREATE TABLE room (id bigint PRIMARY KEY, version bigint NOT NULL, body bytea NOT NULL);
CREATE TABLE operator (id bigint PRIMARY KEY, version bigint NOT NULL, body bytea NOT NULL);
CREATE TABLE buyer (id uuid PRIMARY KEY, version bigint NOT NULL, body bytea NOT NULL);

CREATE TABLE reservation (
    id bigint PRIMARY KEY, version bigint NOT NULL, show bigint NOT NULL, buyer uuid NOT NULL,
    is_held boolean NOT NULL, held_until bigint NOT NULL, body bytea NOT NULL
);
CREATE INDEX reservation_by_buyer ON reservation (buyer, id);
CREATE INDEX reservation_held ON reservation (held_until, show) WHERE is_held;

CREATE TABLE payment (
    id bigint PRIMARY KEY, version bigint NOT NULL, buyer uuid NOT NULL, reservation bigint,
    amount bigint NOT NULL, refunded bigint NOT NULL, body bytea NOT NULL
);
CREATE INDEX payment_by_buyer ON payment (buyer, id);

CREATE TABLE pass (
    room bigint NOT NULL, epoch bigint NOT NULL, place bigint NOT NULL, version bigint NOT NULL,
    ended_at bigint NOT NULL, PRIMARY KEY (room, epoch, place)
);

CREATE TABLE quota (
    show bigint NOT NULL, buyer uuid NOT NULL, version bigint NOT NULL, taken bigint NOT NULL,
    PRIMARY KEY (show, buyer)
) WITH (fillfactor = 70);

CREATE TABLE ticket_type (
    id bigint PRIMARY KEY, version bigint NOT NULL, show bigint NOT NULL, capacity bigint NOT NULL,
    held bigint NOT NULL, sold bigint NOT NULL, body bytea NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX ticket_type_by_show ON ticket_type (show, id);

-- state: 0 free, 1 held, 2 sold, 3 blocked.
CREATE TABLE seat (
    id bigint PRIMARY KEY, version bigint NOT NULL, show bigint NOT NULL, price bigint NOT NULL,
    state bigint NOT NULL, owner bigint, held_until bigint
) WITH (fillfactor = 50);

CREATE TABLE wallet (
    buyer uuid PRIMARY KEY, version bigint NOT NULL, currency text NOT NULL, balance bigint NOT NULL
) WITH (fillfactor = 50);

-- kind: 0 charge, 1 use, 2 refund.
CREATE TABLE entry (
    id bigint PRIMARY KEY, buyer uuid NOT NULL, kind bigint NOT NULL, amount bigint NOT NULL,
    at bigint NOT NULL, payment bigint
);
CREATE INDEX entry_by_buyer ON entry (buyer, id);

-- The unique id is no guard that could be left out: it is what makes a command be done once.
CREATE TABLE answer (
    id uuid PRIMARY KEY, at bigint NOT NULL, money boolean NOT NULL, body bytea NOT NULL
);
-- Appended in the order of time, and the old ones are dropped by it.
CREATE INDEX answer_by_time ON answer (money, at);

-- The outbox. Whoever publishes locks a lane, so that the order of each aggregate holds.
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lane bigint NOT NULL,
    is_sent boolean NOT NULL DEFAULT false, body bytea NOT NULL
);
CREATE INDEX event_unsent ON event (lane, id) WHERE NOT is_sent;

CREATE TABLE sequence (name text PRIMARY KEY, last bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE fence (name text PRIMARY KEY, token bigint NOT NULL) WITH (fillfactor = 50);

-- What the house remembers of itself, such as that its guards were left out.
CREATE TABLE house (name text PRIMARY KEY, value text NOT NULL);

-- Histories of waiting rooms: the newest image of each, and what came after it.
CREATE TABLE room_batch (
    room bigint NOT NULL, sequence bigint NOT NULL, records bytea NOT NULL,
    PRIMARY KEY (room, sequence)
);
CREATE TABLE room_checkpoint (
    room bigint PRIMARY KEY, sequence bigint NOT NULL, image bytea NOT NULL
);
-- Which instance leads a room, and until when nobody else may.
CREATE TABLE room_lease (
    room bigint PRIMARY KEY, token bigint NOT NULL, until bigint NOT NULL
) WITH (fillfactor = 50);
