-- Keys: who may do what over HTTP.
-- Upgrade path: new tables; nothing that exists is changed or locked.

CREATE TABLE eventlog.keys (
    id           text COLLATE "C" NOT NULL,
    name         text             NOT NULL,
    scopes       text[]           NOT NULL,
    source       text,
    topic_prefix text COLLATE "C",
    state        text             NOT NULL DEFAULT 'active',
    expires_at   timestamptz,
    created_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    created_by   text             NOT NULL,
    changed_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT key_by_id PRIMARY KEY (id),
    CONSTRAINT key_id_has_its_form CHECK (id ~ '^[0-9a-z]{10}$'),
    CONSTRAINT key_has_a_name CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT key_may_do_something CHECK (cardinality(scopes) BETWEEN 1 AND 100),
    CONSTRAINT key_state_is_known CHECK (state IN ('active', 'suspended', 'revoked'))
);

COMMENT ON TABLE eventlog.keys IS 'Who may do what over HTTP. A key stays when it is revoked: deliveries name it.';

-- A secret has 256 random bits, so a plain digest of it tells nothing. Two of one key hold while it is rotated.
CREATE TABLE eventlog.key_secrets (
    key_id      text COLLATE "C" NOT NULL,
    digest      bytea            NOT NULL,
    created_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
    valid_until timestamptz,
    CONSTRAINT key_secret_by_digest PRIMARY KEY (digest),
    CONSTRAINT key_secret_of_key FOREIGN KEY (key_id) REFERENCES eventlog.keys,
    CONSTRAINT key_secret_is_sha256 CHECK (length(digest) = 32)
);

CREATE INDEX key_secrets_by_key ON eventlog.key_secrets (key_id);

-- One row, whose number grows with each change of a key: API processes look at it several times a second.
CREATE TABLE eventlog.key_changes (
    one    boolean NOT NULL DEFAULT true,
    number bigint  NOT NULL DEFAULT 0,
    CONSTRAINT key_changes_are_one_row PRIMARY KEY (one),
    CONSTRAINT key_changes_row_is_one CHECK (one)
);

INSERT INTO eventlog.key_changes DEFAULT VALUES;

CREATE FUNCTION eventlog.count_key_change()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    UPDATE eventlog.key_changes SET number = number + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER key_change_is_counted AFTER INSERT OR UPDATE OR DELETE ON eventlog.keys
    FOR EACH STATEMENT EXECUTE FUNCTION eventlog.count_key_change();

CREATE TRIGGER key_secret_change_is_counted AFTER INSERT OR UPDATE OR DELETE ON eventlog.key_secrets
    FOR EACH STATEMENT EXECUTE FUNCTION eventlog.count_key_change();
