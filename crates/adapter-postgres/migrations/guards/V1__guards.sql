-- The last line of defence: what the rules must never let through. `NOT VALID` asks nothing of
-- the rows that are there, so that a live table is not read under a lock; every new row obeys.
ALTER TABLE ticket_type ADD CONSTRAINT guard_stock
    CHECK (held >= 0 AND sold >= 0 AND held + sold <= capacity) NOT VALID;
ALTER TABLE wallet ADD CONSTRAINT guard_balance CHECK (balance >= 0) NOT VALID;
ALTER TABLE quota ADD CONSTRAINT guard_quota CHECK (taken >= 0) NOT VALID;
ALTER TABLE payment ADD CONSTRAINT guard_refund
    CHECK (refunded >= 0 AND refunded <= amount) NOT VALID;
ALTER TABLE entry ADD CONSTRAINT guard_entry CHECK (amount > 0) NOT VALID;
