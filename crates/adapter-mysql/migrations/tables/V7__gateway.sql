-- From when the gateway of a payment is to be asked; none when there is nothing to ask. The
-- reservation of a payment is the one whose tickets it pays: none while that is not settled. One
-- statement, because each commits by itself here.
ALTER TABLE `payment` ADD COLUMN `ask_at` BIGINT, ADD KEY `payment_open` (`ask_at`, `id`);
