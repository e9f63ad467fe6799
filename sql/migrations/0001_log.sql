-- The log and its books. Fresh install: nothing is locked that anybody uses.
--
-- Every table that grows carries `partition` first in its primary key, so that each hot
-- statement names one partition and the same schema can be distributed by it.

CREATE TABLE eventlog.partitions (
    partition        smallint NOT NULL,
    -- Where a replay starts, and through which position deliveries were moved out of `inbox`.
    -- Both only ever grow: positions never start again.
    first_position   bigint   NOT NULL DEFAULT 1,
    archived_through bigint   NOT NULL DEFAULT 0,
    CONSTRAINT partitions_by_number PRIMARY KEY (partition),
    CONSTRAINT partition_not_negative CHECK (partition >= 0),
    CONSTRAINT replay_starts_after_the_archive CHECK (first_position = archived_through + 1)
);

COMMENT ON TABLE eventlog.partitions IS
    'One row a partition. Its row lock is the order lock of the append; their number is fixed for ever.';

-- The immutable log: one row a delivery, exactly as received.
-- `raw` is json, not jsonb: json keeps the text to the byte. No index but the key: every index
-- would be paid for by each delivery. No default may be volatile: COPY would fall back to
-- inserting row by row.
CREATE TABLE eventlog.inbox (
    partition   smallint            NOT NULL,
    position    bigint              NOT NULL,
    received_at timestamptz         NOT NULL DEFAULT statement_timestamp(),
    request_id  uuid,
    format      smallint            NOT NULL DEFAULT 1,
    topic       text COLLATE "C"    NOT NULL,
    event_id    text COLLATE "C"    NOT NULL,
    publisher   text,
    headers     json,
    raw         json,
    -- What the door has read in `raw` anyway, kept so that no projection needs to read it again:
    -- that was two fifths of a projector's work. NULL where rows came past the door.
    "timestamp"  timestamptz,
    content_hash bigint,
    source       text,
    CONSTRAINT delivery_by_position PRIMARY KEY (partition, position),
    CONSTRAINT position_from_one CHECK (position >= 1),
    -- A longer key fits no index, and the projection of its partition would never get past it.
    CONSTRAINT key_fits_an_index CHECK (octet_length(topic) <= 255 AND octet_length(event_id) <= 255)
) PARTITION BY RANGE (partition, position);

COMMENT ON TABLE eventlog.inbox IS 'The log: every delivery that was accepted, unchanged, in order.';
COMMENT ON COLUMN eventlog.inbox.partition IS 'partition_of(topic): one topic lives in one partition.';
COMMENT ON COLUMN eventlog.inbox.position IS 'Place in the partition: 1, 2, 3 … without gaps, in commit order.';
COMMENT ON COLUMN eventlog.inbox.received_at IS
    'Start of the statement that appended it, taken under the order lock: never runs backwards within a partition.';
COMMENT ON COLUMN eventlog.inbox.request_id IS 'X-Request-Id of the request that brought it.';
COMMENT ON COLUMN eventlog.inbox.format IS 'What kind of text raw is: 1 = the JSON event of POST /publish.';
COMMENT ON COLUMN eventlog.inbox.publisher IS 'Who sent it, once publishers have keys.';
COMMENT ON COLUMN eventlog.inbox.headers IS 'Trace context that came with the request.';
COMMENT ON COLUMN eventlog.inbox."timestamp" IS 'The event''s timestamp, as read at the door.';
COMMENT ON COLUMN eventlog.inbox.source IS 'The event''s source, as read at the door.';
COMMENT ON COLUMN eventlog.inbox.content_hash IS
    'Of the source and the payload''s text: equal hashes are equal contents; different ones may be, too.';
COMMENT ON COLUMN eventlog.inbox.raw IS 'The event''s exact JSON text; NULL only after a recorded erasure.';

-- One row a projection; which version is live is this row and nothing else.
CREATE TABLE eventlog.projections (
    name         text COLLATE "C" NOT NULL,
    live_version integer,
    CONSTRAINT projection_by_name PRIMARY KEY (name),
    CONSTRAINT projection_name_is_an_identifier CHECK (name ~ '^[a-z][a-z0-9_]{0,40}$')
);

COMMENT ON COLUMN eventlog.projections.live_version IS 'NULL while the projection is dropped.';

-- Each version has a schema of its own, so that switching is a row and never a rename.
CREATE TABLE eventlog.projection_versions (
    projection  text COLLATE "C" NOT NULL,
    version     integer          NOT NULL,
    schema_name text             NOT NULL,
    definition  text             NOT NULL,
    created_at  timestamptz      NOT NULL DEFAULT now(),
    CONSTRAINT version_of_projection PRIMARY KEY (projection, version),
    CONSTRAINT version_belongs_to_projection FOREIGN KEY (projection) REFERENCES eventlog.projections (name),
    CONSTRAINT version_from_one CHECK (version >= 1)
);

COMMENT ON COLUMN eventlog.projection_versions.definition IS
    'sha256 of the SQL that defines it: code that differs is another version.';

ALTER TABLE eventlog.projections
    ADD CONSTRAINT live_version_exists FOREIGN KEY (name, live_version)
    REFERENCES eventlog.projection_versions (projection, version);

-- What a worker claims. Never updated: the claim is a row lock, progress is a step inserted.
-- Rows updated at every batch would collect dead versions by the thousand under one long snapshot.
CREATE TABLE eventlog.claims (
    partition  smallint         NOT NULL,
    projection text COLLATE "C" NOT NULL,
    version    integer          NOT NULL,
    CONSTRAINT claim_of_one_partition PRIMARY KEY (partition, projection, version),
    CONSTRAINT claim_of_a_version FOREIGN KEY (projection, version)
        REFERENCES eventlog.projection_versions (projection, version)
);

-- One row a worker transaction; the checkpoint is the largest `last`.
-- The key ends in `first`: two workers that started from one stale checkpoint cannot both commit.
CREATE TABLE eventlog.steps (
    partition         smallint         NOT NULL,
    projection        text COLLATE "C" NOT NULL,
    version           integer          NOT NULL,
    first             bigint           NOT NULL,
    last              bigint           NOT NULL,
    unique_count      bigint           NOT NULL,
    duplicate_count   bigint           NOT NULL,
    conflict_count    bigint           NOT NULL,
    quarantined_count bigint           NOT NULL,
    -- Deliveries of topics that the projection does not want.
    ignored_count     bigint           NOT NULL DEFAULT 0,
    projected_at      timestamptz      NOT NULL DEFAULT statement_timestamp(),
    CONSTRAINT step_by_first_position PRIMARY KEY (partition, projection, version, first),
    CONSTRAINT step_goes_forward CHECK (first >= 1 AND last >= first),
    CONSTRAINT counts_not_negative
        CHECK (unique_count >= 0 AND duplicate_count >= 0 AND conflict_count >= 0 AND quarantined_count >= 0
            AND ignored_count >= 0),
    CONSTRAINT books_balance
        CHECK (unique_count + duplicate_count + quarantined_count + ignored_count = last - first + 1),
    CONSTRAINT conflicts_are_duplicates CHECK (conflict_count <= duplicate_count)
);

-- Deliveries that a projection cannot digest; the rest of their batch went on.
CREATE TABLE eventlog.quarantine (
    partition      smallint         NOT NULL,
    projection     text COLLATE "C" NOT NULL,
    version        integer          NOT NULL,
    position       bigint           NOT NULL,
    topic          text COLLATE "C" NOT NULL,
    event_id       text COLLATE "C" NOT NULL,
    sqlstate       text             NOT NULL,
    cause          text             NOT NULL,
    quarantined_at timestamptz      NOT NULL DEFAULT statement_timestamp(),
    CONSTRAINT quarantined_delivery PRIMARY KEY (partition, projection, version, position)
);

CREATE INDEX quarantine_by_event ON eventlog.quarantine (partition, topic, event_id);

-- Why a claim makes no progress: its projection failed in a way that says nothing about content.
-- Inserted by who failed, and out of date once the claim has a later step; never updated.
CREATE TABLE eventlog.failures (
    partition  smallint         NOT NULL,
    projection text COLLATE "C" NOT NULL,
    version    integer          NOT NULL,
    failed_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
    cause      text             NOT NULL,
    CONSTRAINT failure_at_moment PRIMARY KEY (partition, projection, version, failed_at)
);

-- Events published from inside somebody's own transaction (publish_events); a mover appends
-- them to the log. No order lock here: a caller that idles in its transaction holds up nobody.
CREATE TABLE eventlog.outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    topic        text COLLATE "C" NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    raw          json             NOT NULL,
    published_at timestamptz      NOT NULL DEFAULT statement_timestamp(),
    CONSTRAINT outbox_in_order PRIMARY KEY (id),
    CONSTRAINT key_fits_an_index CHECK (octet_length(topic) <= 255 AND octet_length(event_id) <= 255)
);

-- One mover at a time, so that a topic's events leave in the order of their ids.
CREATE TABLE eventlog.outbox_claim (
    single boolean NOT NULL DEFAULT true,
    CONSTRAINT one_outbox_claim PRIMARY KEY (single),
    CONSTRAINT only_one CHECK (single)
);

INSERT INTO eventlog.outbox_claim DEFAULT VALUES;

-- Publishes that were refused, for audit: what was wrong, never the body. Bounded by its writer.
CREATE TABLE eventlog.refused_publishes (
    id         bigint GENERATED ALWAYS AS IDENTITY,
    refused_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    request_id uuid        NOT NULL,
    status     smallint    NOT NULL,
    code       text        NOT NULL,
    pointer    text,
    CONSTRAINT refused_in_order PRIMARY KEY (id)
);
