-- The books of waiting rooms, which any number of instances write in one order. The lease by which
-- one instance led a room is not needed any more.
DROP TABLE room_batch, room_checkpoint, room_lease;

CREATE TABLE room_book (
    book bigint PRIMARY KEY, last bigint NOT NULL, at bigint NOT NULL, gone bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE room_entry (
    book bigint NOT NULL, sequence bigint NOT NULL, at bigint NOT NULL, said bytea NOT NULL,
    PRIMARY KEY (book, sequence)
);
CREATE TABLE room_image (
    book bigint PRIMARY KEY, sequence bigint NOT NULL, image bytea NOT NULL
);

-- Writes an entry, if there is one, and tells what stands after a sequence: one round trip, and a
-- lock that is never held while anybody waits for the network. Each statement in it sees what was
-- committed before it began, so behind the lock of the book nothing is missed.
CREATE FUNCTION room_exchange(which bigint, since bigint, entry bytea, hand bigint)
RETURNS TABLE (number bigint, moment bigint, words bytea) LANGUAGE plpgsql AS $$
BEGIN
    IF entry IS NOT NULL THEN
        INSERT INTO room_book VALUES (which, 0, 0, 0) ON CONFLICT DO NOTHING;
        PERFORM FROM room_book WHERE book = which FOR UPDATE;
        UPDATE room_book SET last = last + 1, at = greatest(at, coalesce(
            hand, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)) WHERE book = which;
        INSERT INTO room_entry SELECT book, last, at, entry FROM room_book WHERE book = which;
    END IF;
    RETURN QUERY
        WITH begun AS (
            SELECT i.sequence, i.image FROM room_image i JOIN room_book b ON b.book = i.book
            WHERE i.book = which AND (since = 0 OR since < b.gone)
        )
        SELECT begun.sequence, NULL::bigint, begun.image FROM begun
        UNION ALL
        (SELECT e.sequence, e.at, e.said FROM room_entry e
            WHERE e.book = which AND e.sequence > coalesce((SELECT begun.sequence FROM begun), since)
            ORDER BY e.sequence);
END
$$;
