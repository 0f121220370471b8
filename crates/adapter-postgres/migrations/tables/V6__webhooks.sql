-- Endpoints of others that are told of events, and what came of each attempt. `body` is JSON.
CREATE TABLE webhook (id bigint PRIMARY KEY, version bigint NOT NULL, body text NOT NULL);
CREATE TABLE webhook_attempt (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, endpoint bigint NOT NULL,
    at bigint NOT NULL, body text NOT NULL
);
CREATE INDEX webhook_attempt_by_endpoint ON webhook_attempt (endpoint, number);
CREATE INDEX webhook_attempt_by_time ON webhook_attempt (at);
