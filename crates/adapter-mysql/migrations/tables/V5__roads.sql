-- Where events go, who carries them in which lanes, and how far each lane is.
CREATE TABLE `road` (`name` VARBINARY(255) PRIMARY KEY, `begin` BIGINT NOT NULL) ENGINE = InnoDB;
CREATE TABLE `road_relay` (
    `road` VARBINARY(255) NOT NULL, `relay` VARBINARY(32) NOT NULL, `until` BIGINT NOT NULL,
    PRIMARY KEY (`road`, `relay`)
) ENGINE = InnoDB;
CREATE TABLE `road_lane` (
    `road` VARBINARY(255) NOT NULL, `lane` BIGINT NOT NULL, `holder` VARBINARY(32),
    `token` BIGINT NOT NULL, `progress` LONGBLOB NOT NULL, PRIMARY KEY (`road`, `lane`)
) ENGINE = InnoDB;
