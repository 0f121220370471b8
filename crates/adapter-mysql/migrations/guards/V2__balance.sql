ALTER TABLE `wallet` ADD CONSTRAINT `guard_balance` CHECK (`balance` >= 0);
