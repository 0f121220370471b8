-- How often a job was begun that may have ended whoever did, while nobody knows what came of it.
CREATE TABLE `queue_begun` (
    `name` VARBINARY(255) NOT NULL,
    `job` VARBINARY(255) NOT NULL,
    `times` BIGINT NOT NULL,
    `at` BIGINT NOT NULL,
    PRIMARY KEY (`name`, `job`)
) ENGINE = InnoDB;
