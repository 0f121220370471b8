-- The instances that sell from these tables, each with its map of strategies and its lease.
CREATE TABLE `instance` (
    `id` VARBINARY(32) PRIMARY KEY, `map` BLOB NOT NULL, `is_alone` BOOLEAN NOT NULL,
    `rooms` VARBINARY(255), `until` BIGINT NOT NULL
) ENGINE = InnoDB;
