ALTER TABLE `quota` ADD CONSTRAINT `guard_quota` CHECK (`taken` >= 0);
