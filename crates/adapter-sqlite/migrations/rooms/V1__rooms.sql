-- Histories of waiting rooms: the newest image of each, and what came after it.
CREATE TABLE room_batch (
    room INTEGER NOT NULL, sequence INTEGER NOT NULL, records BLOB NOT NULL,
    PRIMARY KEY (room, sequence)
) WITHOUT ROWID;

CREATE TABLE room_checkpoint (
    room INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, image BLOB NOT NULL
);
