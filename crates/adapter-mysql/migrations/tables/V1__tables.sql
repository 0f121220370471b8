-- `body` is the row as the domain knows it; the columns beside it are those that lists, guards,
-- deltas and the verifier need. A row of version 0 was made only to be locked: there is none.
-- What changes often is not indexed. Text is kept as its bytes: it is compared, never sorted for
-- people.
CREATE TABLE `concert` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `first_at` BIGINT NOT NULL,
    `category` VARBINARY(1020) NOT NULL, `body` LONGBLOB NOT NULL,
    KEY `concert_by_date` (`first_at`, `id`),
    KEY `concert_by_category` (`category`, `first_at`, `id`)
) ENGINE = InnoDB;

-- The words of titles in small letters: a search asks how they begin.
CREATE TABLE `concert_word` (
    `concert` BIGINT NOT NULL, `word` VARBINARY(1020) NOT NULL, PRIMARY KEY (`concert`, `word`),
    KEY `concert_by_word` (`word`, `concert`)
) ENGINE = InnoDB;

CREATE TABLE `show` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `concert` BIGINT NOT NULL,
    `opens_at` BIGINT NOT NULL, `body` LONGBLOB NOT NULL,
    KEY `show_by_concert` (`concert`, `opens_at`, `id`)
) ENGINE = InnoDB;

CREATE TABLE `plan` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `body` LONGBLOB NOT NULL
) ENGINE = InnoDB;
CREATE TABLE `room` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `body` LONGBLOB NOT NULL
) ENGINE = InnoDB;
CREATE TABLE `operator` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `body` LONGBLOB NOT NULL
) ENGINE = InnoDB;
CREATE TABLE `buyer` (
    `id` BINARY(16) PRIMARY KEY, `version` BIGINT NOT NULL, `body` LONGBLOB NOT NULL
) ENGINE = InnoDB;

CREATE TABLE `reservation` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `show` BIGINT NOT NULL,
    `buyer` BINARY(16) NOT NULL, `is_held` BIGINT NOT NULL, `held_until` BIGINT NOT NULL,
    `body` LONGBLOB NOT NULL,
    KEY `reservation_by_buyer` (`buyer`, `id`),
    KEY `reservation_held` (`is_held`, `held_until`, `show`, `id`)
) ENGINE = InnoDB;

CREATE TABLE `payment` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `buyer` BINARY(16) NOT NULL,
    `reservation` BIGINT, `amount` BIGINT NOT NULL, `refunded` BIGINT NOT NULL,
    `body` LONGBLOB NOT NULL,
    KEY `payment_by_buyer` (`buyer`, `id`)
) ENGINE = InnoDB;

CREATE TABLE `pass` (
    `room` BIGINT NOT NULL, `epoch` BIGINT NOT NULL, `place` BIGINT NOT NULL,
    `version` BIGINT NOT NULL, `ended_at` BIGINT NOT NULL, PRIMARY KEY (`room`, `epoch`, `place`)
) ENGINE = InnoDB;

CREATE TABLE `quota` (
    `show` BIGINT NOT NULL, `buyer` BINARY(16) NOT NULL, `version` BIGINT NOT NULL,
    `taken` BIGINT NOT NULL, PRIMARY KEY (`show`, `buyer`)
) ENGINE = InnoDB;

CREATE TABLE `ticket_type` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `show` BIGINT NOT NULL,
    `capacity` BIGINT NOT NULL, `held` BIGINT NOT NULL, `sold` BIGINT NOT NULL,
    `body` LONGBLOB NOT NULL,
    KEY `ticket_type_by_show` (`show`, `id`)
) ENGINE = InnoDB;

-- state: 0 free, 1 held, 2 sold, 3 blocked.
CREATE TABLE `seat` (
    `id` BIGINT PRIMARY KEY, `version` BIGINT NOT NULL, `show` BIGINT NOT NULL,
    `price` BIGINT NOT NULL, `state` BIGINT NOT NULL, `owner` BIGINT, `held_until` BIGINT
) ENGINE = InnoDB;

CREATE TABLE `wallet` (
    `buyer` BINARY(16) PRIMARY KEY, `version` BIGINT NOT NULL, `currency` VARBINARY(16) NOT NULL,
    `balance` BIGINT NOT NULL
) ENGINE = InnoDB;

-- kind: 0 charge, 1 use, 2 refund.
CREATE TABLE `entry` (
    `id` BIGINT PRIMARY KEY, `buyer` BINARY(16) NOT NULL, `kind` BIGINT NOT NULL,
    `amount` BIGINT NOT NULL, `at` BIGINT NOT NULL, `payment` BIGINT,
    KEY `entry_by_buyer` (`buyer`, `id`)
) ENGINE = InnoDB;

-- The unique id is no guard that could be left out: it is what makes a command be done once.
CREATE TABLE `answer` (
    `id` BINARY(16) PRIMARY KEY, `at` BIGINT NOT NULL, `money` BIGINT NOT NULL,
    `body` LONGBLOB NOT NULL,
    KEY `answer_by_time` (`money`, `at`)
) ENGINE = InnoDB;

-- The outbox. Whoever publishes locks a lane, so that the order of each aggregate holds.
CREATE TABLE `event` (
    `id` BIGINT AUTO_INCREMENT PRIMARY KEY, `lane` BIGINT NOT NULL,
    `is_sent` BIGINT NOT NULL DEFAULT 0, `body` LONGBLOB NOT NULL,
    KEY `event_unsent` (`is_sent`, `lane`, `id`)
) ENGINE = InnoDB;

CREATE TABLE `sequence` (
    `name` VARBINARY(255) PRIMARY KEY, `last` BIGINT NOT NULL
) ENGINE = InnoDB;
CREATE TABLE `fence` (
    `name` VARBINARY(255) PRIMARY KEY, `token` BIGINT NOT NULL
) ENGINE = InnoDB;

-- What the house remembers of itself, such as that its guards were left out.
CREATE TABLE `house` (
    `name` VARBINARY(255) PRIMARY KEY, `value` VARBINARY(255) NOT NULL
) ENGINE = InnoDB;

-- Histories of waiting rooms: the newest image of each, and what came after it.
CREATE TABLE `room_batch` (
    `room` BIGINT NOT NULL, `sequence` BIGINT NOT NULL, `records` LONGBLOB NOT NULL,
    PRIMARY KEY (`room`, `sequence`)
) ENGINE = InnoDB;
CREATE TABLE `room_checkpoint` (
    `room` BIGINT PRIMARY KEY, `sequence` BIGINT NOT NULL, `image` LONGBLOB NOT NULL
) ENGINE = InnoDB;
-- Which instance leads a room, and until when nobody else may.
CREATE TABLE `room_lease` (
    `room` BIGINT PRIMARY KEY, `token` BIGINT NOT NULL, `until` BIGINT NOT NULL
) ENGINE = InnoDB;
