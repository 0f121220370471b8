-- The books of waiting rooms, which any number of instances write in one order. The lease by which
-- one instance led a room is not needed any more. Each statement commits by itself here: whoever
-- ended in the middle begins again.
DROP TABLE IF EXISTS `room_batch`, `room_checkpoint`, `room_lease`;

CREATE TABLE IF NOT EXISTS `room_book` (
    `book` BIGINT PRIMARY KEY, `last` BIGINT NOT NULL, `at` BIGINT NOT NULL, `gone` BIGINT NOT NULL
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS `room_entry` (
    `book` BIGINT NOT NULL, `sequence` BIGINT NOT NULL, `at` BIGINT NOT NULL, `said` LONGBLOB NOT NULL,
    PRIMARY KEY (`book`, `sequence`)
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS `room_image` (
    `book` BIGINT PRIMARY KEY, `sequence` BIGINT NOT NULL, `image` LONGBLOB NOT NULL
) ENGINE = InnoDB;
