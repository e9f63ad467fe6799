-- Quotas of keys, and how many deliveries of a day came with each key that has a quota of them.
-- Upgrade path: columns that are empty or have a constant default, which rewrites nothing; the lock on keys,
-- which the API reads several times a second, is held for a moment.

ALTER TABLE eventlog.keys
    ADD COLUMN events_per_second    bigint,
    ADD COLUMN bytes_per_second     bigint,
    ADD COLUMN events_per_day       bigint,
    ADD COLUMN streams              bigint,
    ADD COLUMN sql_seconds_per_hour bigint,
    -- False from when an older key gets a quota of a day until what it published that day before is counted.
    ADD COLUMN day_is_whole         boolean NOT NULL DEFAULT true,
    ADD CONSTRAINT key_quotas_leave_something CHECK (
        least(events_per_second, bytes_per_second, events_per_day, streams, sql_seconds_per_hour) > 0
    );

CREATE INDEX keys_whose_day_is_not_whole ON eventlog.keys (id) WHERE NOT day_is_whole;

-- A row for each flush that had deliveries of such a key, inserted in the transaction that appends them, and
-- folded later: rows that are updated at each flush collect dead versions while somebody holds a snapshot.
-- The time is that of the message in which the deliveries are, so day and received_at agree.
CREATE TABLE eventlog.key_days (
    id     bigint           NOT NULL GENERATED ALWAYS AS IDENTITY,
    key_id text COLLATE "C" NOT NULL,
    day    date             NOT NULL DEFAULT (statement_timestamp() AT TIME ZONE 'UTC')::date,
    events bigint           NOT NULL,
    -- With the id a key, since a publication of all tables refuses to delete from a table without one.
    CONSTRAINT key_day_in_order PRIMARY KEY (day, key_id, id)
);

COMMENT ON TABLE eventlog.key_days IS
    'Deliveries by key and day (UTC), of keys with a quota of a day; kept for two days. Add up the rows.';
