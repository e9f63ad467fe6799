-- How bodies that come to /ingest/NAME become events: each change is a further version, and none is ever changed.
-- Upgrade path: a new table; nothing that exists is changed or locked.

CREATE TABLE eventlog.ingest_definitions (
    name       text COLLATE "C" NOT NULL,
    version    integer          NOT NULL,
    -- NULL where it was removed.
    definition json,
    created_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    created_by text             NOT NULL,
    CONSTRAINT ingest_definition_by_version PRIMARY KEY (name, version),
    CONSTRAINT ingest_name_fits_a_path CHECK (name ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    CONSTRAINT ingest_version_from_one CHECK (version >= 1),
    CONSTRAINT ingest_definition_is_small CHECK (octet_length(definition::text) <= 10000)
);

COMMENT ON TABLE eventlog.ingest_definitions IS 'How bodies that come to /ingest/NAME become events, version by version.';
