-- How often a job was begun that may have ended whoever did, while nobody knows what came of it.
CREATE TABLE queue_begun (
    name text COLLATE "C" NOT NULL,
    job text COLLATE "C" NOT NULL,
    times bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (name, job)
);
