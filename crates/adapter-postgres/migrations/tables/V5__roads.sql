-- Where events go, who carries them in which lanes, and how far each lane is.
CREATE TABLE road (name text COLLATE "C" PRIMARY KEY, begin bigint NOT NULL);
CREATE TABLE road_relay (
    road text COLLATE "C" NOT NULL, relay text COLLATE "C" NOT NULL, until bigint NOT NULL,
    PRIMARY KEY (road, relay)
) WITH (fillfactor = 50);
CREATE TABLE road_lane (
    road text COLLATE "C" NOT NULL, lane bigint NOT NULL, holder text COLLATE "C",
    token bigint NOT NULL, progress bytea NOT NULL, PRIMARY KEY (road, lane)
) WITH (fillfactor = 50);
