-- Endpoints of others that are told of events, and what came of each attempt. `body` is JSON.
CREATE TABLE `webhook` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `body` LONGBLOB NOT NULL
) ENGINE = InnoDB;
CREATE TABLE `webhook_attempt` (
    `number` BIGINT AUTO_INCREMENT PRIMARY KEY, `endpoint` BIGINT NOT NULL, `at` BIGINT NOT NULL,
    `body` LONGBLOB NOT NULL,
    KEY `webhook_attempt_by_endpoint` (`endpoint`, `number`),
    KEY `webhook_attempt_by_time` (`at`)
) ENGINE = InnoDB;
