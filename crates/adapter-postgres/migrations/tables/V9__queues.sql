-- What is kept of queues beside their brokers: that nobody takes from one, and what became of jobs.
CREATE TABLE queue (
    name text COLLATE "C" PRIMARY KEY,
    is_paused boolean NOT NULL DEFAULT false,
    done bigint NOT NULL DEFAULT 0,
    retries bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
-- How many jobs were ended in each part of the last minute.
CREATE TABLE queue_slot (
    name text COLLATE "C" NOT NULL,
    slot bigint NOT NULL,
    done bigint NOT NULL,
    PRIMARY KEY (name, slot)
) WITH (fillfactor = 50);
