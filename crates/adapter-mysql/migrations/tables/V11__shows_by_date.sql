-- A concert is found on each day on which it has a show.
ALTER TABLE `show` ADD KEY `show_by_date` (`opens_at`, `concert`);
