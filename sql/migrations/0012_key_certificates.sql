-- Client certificates that are as good as a key.
-- Upgrade path: one new table. It locks nothing that others use.

-- Apart from the secrets: a certificate is public, and its fingerprint proves nothing. A secret's digest does,
-- since the web console's cookies are signed with it.
CREATE TABLE eventlog.key_certificates (
    fingerprint bytea            NOT NULL,
    key_id      text COLLATE "C" NOT NULL,
    created_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT key_certificate_by_fingerprint PRIMARY KEY (fingerprint),
    CONSTRAINT key_certificate_of_key FOREIGN KEY (key_id) REFERENCES eventlog.keys,
    CONSTRAINT key_certificate_is_sha256 CHECK (length(fingerprint) = 32)
);

CREATE INDEX key_certificates_by_key ON eventlog.key_certificates (key_id);

COMMENT ON TABLE eventlog.key_certificates IS
    'Client certificates by the sha256 of their DER: a connection that shows one has the key''s rights.';

CREATE TRIGGER key_certificate_change_is_counted AFTER INSERT OR UPDATE OR DELETE ON eventlog.key_certificates
    FOR EACH STATEMENT EXECUTE FUNCTION eventlog.count_key_change();
