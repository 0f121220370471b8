-- The last line of defence: what the rules must never let through. When one of these fires, the
-- fold stops and the store takes nothing more until a person has looked.
CREATE TRIGGER guard_stock_insert BEFORE INSERT ON ticket_type
WHEN NEW.held < 0 OR NEW.sold < 0 OR NEW.held + NEW.sold > NEW.capacity
BEGIN SELECT RAISE(ABORT, 'guard: more held and sold than there is'); END;

CREATE TRIGGER guard_stock_update BEFORE UPDATE ON ticket_type
WHEN NEW.held < 0 OR NEW.sold < 0 OR NEW.held + NEW.sold > NEW.capacity
BEGIN SELECT RAISE(ABORT, 'guard: more held and sold than there is'); END;

CREATE TRIGGER guard_balance_insert BEFORE INSERT ON wallet WHEN NEW.balance < 0
BEGIN SELECT RAISE(ABORT, 'guard: a negative balance'); END;

CREATE TRIGGER guard_balance_update BEFORE UPDATE ON wallet WHEN NEW.balance < 0
BEGIN SELECT RAISE(ABORT, 'guard: a negative balance'); END;

CREATE TRIGGER guard_refund_update BEFORE UPDATE ON payment WHEN NEW.refunded > NEW.amount
BEGIN SELECT RAISE(ABORT, 'guard: more refunded than paid'); END;
