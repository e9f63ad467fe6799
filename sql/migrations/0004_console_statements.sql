-- The record of what auditors ask: outside the log, written by the owner before a statement runs,
-- so that nobody who asks can leave it out or change it.
-- Upgrade path: a new table; nothing that exists is locked.
CREATE TABLE eventlog.console_statements (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    who         text        NOT NULL,
    via         text        NOT NULL,
    question    text,
    statement   text        NOT NULL,
    parameters  json        NOT NULL,
    -- NULL while it runs, and for ever where the process that asked has died.
    finished_at timestamptz,
    rows        bigint,
    truncated   boolean,
    sqlstate    text,
    error       text,
    CONSTRAINT console_statement_in_order PRIMARY KEY (id),
    CONSTRAINT via_is_known CHECK (via IN ('sql', 'console', 'http'))
);

COMMENT ON TABLE eventlog.console_statements IS
    'Every statement of an auditor, recorded before it ran; the newest 100,000.';
