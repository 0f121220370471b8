-- Endpoints of others that are told of events, and what came of each attempt. `body` is JSON.
CREATE TABLE webhook (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE webhook_attempt (
    number INTEGER PRIMARY KEY AUTOINCREMENT, endpoint INTEGER NOT NULL, at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX webhook_attempt_by_endpoint ON webhook_attempt (endpoint, number);
CREATE INDEX webhook_attempt_by_time ON webhook_attempt (at);
