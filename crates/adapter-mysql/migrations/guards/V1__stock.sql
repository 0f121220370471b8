-- The last line of defence: what the rules must never let through. The server reads the table once
-- to check it, so guards are for the days before the sale. Each is a migration of its own, because
-- a change of a table cannot be taken back when the next one fails.
ALTER TABLE `ticket_type` ADD CONSTRAINT `guard_stock`
    CHECK (`held` >= 0 AND `sold` >= 0 AND `held` + `sold` <= `capacity`);
