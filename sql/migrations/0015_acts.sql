-- Who changed what others see: keys, and projections as a whole.
-- Upgrade path: one new table. It locks nothing that others use.

CREATE TABLE eventlog.acts (
    number   bigint GENERATED ALWAYS AS IDENTITY,
    acted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    act      text        NOT NULL,
    subject  text        NOT NULL,
    who      text        NOT NULL,
    login    text        NOT NULL,
    detail   jsonb       NOT NULL,
    CONSTRAINT act_in_order PRIMARY KEY (number)
);

COMMENT ON TABLE eventlog.acts IS
    'Acts, each recorded in the transaction that did it, by triggers (sql/functions/note_act.sql). Never changed.';
