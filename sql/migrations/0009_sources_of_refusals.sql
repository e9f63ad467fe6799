-- Whence a refused publish came, and how many of its kind a row stands for: noise of one source must not push out
-- what is known of others.
-- Upgrade path: two columns with constant defaults, which change the catalogue alone. Locks the table, which is
-- small and on nobody's way, in ACCESS EXCLUSIVE for a moment.
ALTER TABLE eventlog.refused_publishes
    ADD COLUMN source text NOT NULL DEFAULT '',
    ADD COLUMN times bigint NOT NULL DEFAULT 1;
