\set n :n + 1
\set seat (:n - 1) * :clients + :client_id + 1
BEGIN;
UPDATE seat SET state = 1, owner = :client_id, held_until = 1, version = version + 1 WHERE id = :seat AND state = 0;
INSERT INTO reservation (buyer, seat, held_until) VALUES (:client_id, :seat, 1);
INSERT INTO answer (body) VALUES ('\x00000000000000000000000000000000');
INSERT INTO event (body) VALUES ('\x00000000000000000000000000000000');
END;
