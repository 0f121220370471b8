-- What the house writes down about itself: what became of notices, how rehearsals are. `text` is JSON.
CREATE TABLE `note` (
    `kind` VARBINARY(32) NOT NULL, `id` VARBINARY(255) NOT NULL, `about` VARBINARY(255) NOT NULL,
    `version` BIGINT NOT NULL, `at` BIGINT NOT NULL, `text` LONGBLOB NOT NULL,
    PRIMARY KEY (`kind`, `id`),
    KEY `note_by_time` (`kind`, `at`, `id`),
    KEY `note_by_subject` (`kind`, `about`, `at`, `id`)
) ENGINE = InnoDB;
