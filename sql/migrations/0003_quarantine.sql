-- Quarantine as a tool: retries, and deliveries that kill the process that projects them.
-- Upgrade path: new tables, which are empty, and a wider CHECK of `operations`, which reads its thousand
-- rows once. Locks `operations` in ACCESS EXCLUSIVE for a moment; the log, the books and the projections
-- not at all.

ALTER TABLE eventlog.operations DROP CONSTRAINT kind_is_known;
ALTER TABLE eventlog.operations
    ADD CONSTRAINT kind_is_known CHECK (kind IN ('rebuild', 'verify', 'drop', 'retry'));

-- What retries changed: one row an event, which is the announcement of it. The counts of the steps
-- themselves are corrected in the same transaction, so the books are the steps', with and without this.
-- Not by partition: retries of a projection happen one after the other, by an operation, so their numbers
-- are 1, 2, 3 … without gaps and become visible in that order. Who follows them misses none.
CREATE TABLE eventlog.retries (
    projection        text COLLATE "C" NOT NULL,
    number            bigint           NOT NULL,
    version           integer          NOT NULL,
    partition         smallint         NOT NULL,
    topic             text COLLATE "C" NOT NULL,
    event_id          text COLLATE "C" NOT NULL,
    -- Deliveries of the event whose outcome is another than before, ascending.
    positions         bigint[]         NOT NULL,
    -- By how much each count of the projection changed.
    unique_count      bigint           NOT NULL,
    duplicate_count   bigint           NOT NULL,
    conflict_count    bigint           NOT NULL,
    quarantined_count bigint           NOT NULL,
    ignored_count     bigint           NOT NULL,
    retried_at        timestamptz      NOT NULL DEFAULT statement_timestamp(),
    CONSTRAINT retry_in_order PRIMARY KEY (projection, number),
    CONSTRAINT retry_from_one CHECK (number >= 1),
    CONSTRAINT retry_takes_out_of_quarantine CHECK (quarantined_count < 0),
    CONSTRAINT retry_changes_no_length
        CHECK (unique_count + duplicate_count + quarantined_count + ignored_count = 0)
);

-- The sessions of workers. A worker deletes its row when it ends; a row whose session is gone (it held the
-- advisory lock of its number) is of one that ended without a word.
CREATE TABLE eventlog.worker_sessions (
    id         integer     GENERATED ALWAYS AS IDENTITY,
    started_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    CONSTRAINT worker_session_by_id PRIMARY KEY (id)
);

-- Claims that may hold a delivery that kills whoever projects it: all of them after a worker ended without
-- a word, and until a batch of each has been survived. What is attempted is committed before it is played.
CREATE TABLE eventlog.attempts (
    partition  smallint         NOT NULL,
    projection text COLLATE "C" NOT NULL,
    version    integer          NOT NULL,
    -- The last position under suspicion; NULL while nothing is known but that some worker ended.
    through    bigint,
    -- What is played, both ends inclusive, by which session; no session: not now.
    first      bigint,
    last       bigint,
    session    integer,
    -- How often a worker ended while it played this one delivery and nothing else.
    deaths     integer          NOT NULL DEFAULT 0,
    CONSTRAINT attempt_at_a_claim PRIMARY KEY (partition, projection, version),
    CONSTRAINT attempt_goes_forward CHECK ((first IS NULL) = (last IS NULL) AND last >= first)
);
