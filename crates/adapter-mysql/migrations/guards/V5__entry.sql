ALTER TABLE `entry` ADD CONSTRAINT `guard_entry` CHECK (`amount` > 0);
