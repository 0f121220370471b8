BEGIN;
SELECT balance FROM wallet WHERE id = 1 FOR UPDATE;
UPDATE wallet SET balance = balance + 1, version = version + 1 WHERE id = 1;
INSERT INTO entry (wallet, amount) VALUES (1, 1);
END;
