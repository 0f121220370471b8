-- Where events go, who carries them in which lanes, and how far each lane is.
CREATE TABLE road (name TEXT PRIMARY KEY, begin INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE road_relay (
    road TEXT NOT NULL, relay TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (road, relay)
) WITHOUT ROWID;
CREATE TABLE road_lane (
    road TEXT NOT NULL, lane INTEGER NOT NULL, holder TEXT, token INTEGER NOT NULL,
    progress BLOB NOT NULL, PRIMARY KEY (road, lane)
) WITHOUT ROWID;
