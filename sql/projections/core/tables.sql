-- The core projection: deduplicated events, duplicates, conflicts and statistics per topic.
-- {schema} is the schema of one version. Nobody else writes here, and a partition is projected by
-- one worker at a time, so nothing is upserted. Keys and indexes are in keys.sql: a rebuild fills
-- the tables first.

-- Thin: the payload stays in the log, one probe of its key away. Rows are a third of the size,
-- and the text comes back exactly as it was sent.
CREATE TABLE {schema}.events (
    position     bigint           NOT NULL,
    "timestamp"  timestamptz      NOT NULL,
    processed_at timestamptz      NOT NULL DEFAULT statement_timestamp(),
    -- Of source and payload: equal hashes are equal contents, different ones may be.
    content_hash bigint           NOT NULL,
    partition    smallint         NOT NULL,
    topic        text COLLATE "C" NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    source       text             NOT NULL,
    CONSTRAINT timestamp_in_range CHECK ("timestamp" >= '1970-01-01 00:00:00+00' AND "timestamp" < '10000-01-01 00:00:00+00')
);

-- Which later delivery repeats which first one. Narrow: all else is in the log.
CREATE TABLE {schema}.duplicates (
    first_position bigint   NOT NULL,
    position       bigint   NOT NULL,
    partition      smallint NOT NULL
);

-- Duplicates whose source or payload differ from the first, as JSON values.
CREATE TABLE {schema}.conflicts (
    first_position bigint           NOT NULL,
    position       bigint           NOT NULL,
    partition      smallint         NOT NULL,
    topic          text COLLATE "C" NOT NULL,
    event_id       text COLLATE "C" NOT NULL
);

-- Counts per topic as deltas, one row a step and topic, folded now and then: rows updated at every
-- step would pile up dead versions under one long snapshot.
CREATE TABLE {schema}.stats_deltas (
    first             bigint           NOT NULL,
    unique_count      bigint           NOT NULL,
    duplicate_count   bigint           NOT NULL,
    conflict_count    bigint           NOT NULL,
    quarantined_count bigint           NOT NULL,
    partition         smallint         NOT NULL,
    topic             text COLLATE "C" NOT NULL
);
