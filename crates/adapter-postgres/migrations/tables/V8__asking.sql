-- Whom a payment asks: 1 a gateway, 2 a wallet. Of what was written before nobody says, so whoever asks
-- wallets looks at it too.
ALTER TABLE payment ADD COLUMN asks bigint NOT NULL DEFAULT 2;
CREATE INDEX payment_open_of ON payment (asks, ask_at, id) WHERE ask_at IS NOT NULL;
