-- What is kept of queues beside their brokers: that nobody takes from one, and what became of jobs.
CREATE TABLE `queue` (
    `name` VARBINARY(255) PRIMARY KEY,
    `is_paused` BOOLEAN NOT NULL DEFAULT FALSE,
    `done` BIGINT NOT NULL DEFAULT 0,
    `retries` BIGINT NOT NULL DEFAULT 0
) ENGINE = InnoDB;
-- How many jobs were ended in each part of the last minute.
CREATE TABLE `queue_slot` (
    `name` VARBINARY(255) NOT NULL,
    `slot` BIGINT NOT NULL,
    `done` BIGINT NOT NULL,
    PRIMARY KEY (`name`, `slot`)
) ENGINE = InnoDB;
