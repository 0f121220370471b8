-- The last line of defence: what the rules must never let through. The server reads each table
-- once to check it, which is short while the tables are small: before the sale, not during it.
ALTER TABLE `ticket_type` ADD CONSTRAINT `guard_stock`
    CHECK (`held` >= 0 AND `sold` >= 0 AND `held` + `sold` <= `capacity`);
ALTER TABLE `wallet` ADD CONSTRAINT `guard_balance` CHECK (`balance` >= 0);
ALTER TABLE `quota` ADD CONSTRAINT `guard_quota` CHECK (`taken` >= 0);
ALTER TABLE `payment` ADD CONSTRAINT `guard_refund`
    CHECK (`refunded` >= 0 AND `refunded` <= `amount`);
ALTER TABLE `entry` ADD CONSTRAINT `guard_entry` CHECK (`amount` > 0);
