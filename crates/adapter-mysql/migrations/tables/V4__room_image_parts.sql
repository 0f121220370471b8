-- An image of a room that is longer than a message to the server may be: its first part stands where
-- the whole did, the others here. They are written before it, and count for nothing until it is
-- there. Part 0 is empty, and says that somebody writes the others.
CREATE TABLE IF NOT EXISTS `room_image_part` (
    book BIGINT NOT NULL, sequence BIGINT NOT NULL, part BIGINT NOT NULL, image LONGBLOB NOT NULL,
    PRIMARY KEY (book, sequence, part)
) ENGINE = InnoDB;
