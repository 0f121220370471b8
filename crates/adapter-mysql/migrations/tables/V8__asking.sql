-- Whom a payment asks: 1 a gateway, 2 a wallet. Of what was written before nobody says, so whoever asks
-- wallets looks at it too.
ALTER TABLE `payment` ADD COLUMN `asks` BIGINT NOT NULL DEFAULT 2,
    ADD KEY `payment_open_of` (`asks`, `ask_at`, `id`);
