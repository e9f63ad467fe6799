-- Operations: rebuilds, verifications and drops, and what the versions of a projection need for them.
-- Upgrade path: adds columns with constant defaults and new tables; no table is rewritten. Locks
-- `projections` and `projection_versions` in ACCESS EXCLUSIVE for a moment; the log not at all.

-- Numbers of versions never come back: a worker that still thinks of an old one finds nothing.
ALTER TABLE eventlog.projections ADD COLUMN last_version integer NOT NULL DEFAULT 1;

ALTER TABLE eventlog.projection_versions
    ADD COLUMN retired_by xid8,
    -- A version is filled first; then it gets its keys, then its claims.
    ADD COLUMN keyed boolean NOT NULL DEFAULT true;

COMMENT ON COLUMN eventlog.projection_versions.retired_by IS
    'The transaction that switched away from it: dropped when no snapshot is older.';

-- One row an operation. Its owner is a session that stays open as long as its process works:
-- an operation whose session is gone has failed, whatever its row says.
CREATE TABLE eventlog.operations (
    id                 uuid             NOT NULL,
    kind               text             NOT NULL,
    projection         text COLLATE "C" NOT NULL,
    state              text             NOT NULL DEFAULT 'running',
    phase              text             NOT NULL DEFAULT 'starting',
    done               bigint           NOT NULL DEFAULT 0,
    total              bigint           NOT NULL DEFAULT 0,
    started_at         timestamptz      NOT NULL DEFAULT clock_timestamp(),
    updated_at         timestamptz      NOT NULL DEFAULT clock_timestamp(),
    finished_at        timestamptz,
    error              text,
    detail             jsonb            NOT NULL DEFAULT '{}',
    cancel_requested   boolean          NOT NULL DEFAULT false,
    backend_pid        integer          NOT NULL,
    backend_started_at timestamptz      NOT NULL,
    CONSTRAINT operation_by_id PRIMARY KEY (id),
    CONSTRAINT kind_is_known CHECK (kind IN ('rebuild', 'verify', 'drop')),
    CONSTRAINT state_is_known CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    CONSTRAINT finished_when_not_running CHECK ((state = 'running') = (finished_at IS NULL))
);

-- One that changes a projection at a time, and beside it one that checks it.
CREATE UNIQUE INDEX one_change_and_one_check ON eventlog.operations (projection, (kind = 'verify'))
    WHERE state = 'running';

CREATE INDEX operations_by_start ON eventlog.operations (started_at);
