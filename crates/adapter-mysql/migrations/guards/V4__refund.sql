ALTER TABLE `payment` ADD CONSTRAINT `guard_refund`
    CHECK (`refunded` >= 0 AND `refunded` <= `amount`);
