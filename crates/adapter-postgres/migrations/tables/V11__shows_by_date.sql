-- A concert is found on each day on which it has a show.
CREATE INDEX show_by_date ON show (opens_at, concert);
