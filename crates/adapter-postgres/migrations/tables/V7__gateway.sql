-- From when the gateway of a payment is to be asked; none when there is nothing to ask. The
-- reservation of a payment is the one whose tickets it pays: none while that is not settled.
ALTER TABLE payment ADD COLUMN ask_at bigint;
CREATE INDEX payment_open ON payment (ask_at, id) WHERE ask_at IS NOT NULL;
