-- The instances that sell from these tables, each with its map of strategies and its lease.
CREATE TABLE instance (
    id text PRIMARY KEY, map text NOT NULL, is_alone boolean NOT NULL, rooms text,
    until bigint NOT NULL
) WITH (fillfactor = 50);
