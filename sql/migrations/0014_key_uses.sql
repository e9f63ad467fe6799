-- When a key was last used.
-- Upgrade path: one new table. It locks nothing that others use.

-- Apart from the keys: a change of these has every API process read all of them.
CREATE TABLE eventlog.key_uses (
    key_id  text COLLATE "C" NOT NULL,
    used_at timestamptz      NOT NULL,
    CONSTRAINT key_use_by_key PRIMARY KEY (key_id),
    CONSTRAINT key_use_of_key FOREIGN KEY (key_id) REFERENCES eventlog.keys
);

COMMENT ON TABLE eventlog.key_uses IS 'When a key was last used, known within five minutes; none where it never was.';
