-- Where `eventlog ship` keeps how far each file is, in SQLite, beside the user and not in the log.
CREATE TABLE IF NOT EXISTS files (
    way      TEXT NOT NULL,   -- the log and the flags: other flags make other events
    file_id  TEXT NOT NULL,
    place    TEXT NOT NULL,   -- device:inode when it was last looked at
    opening  TEXT NOT NULL,   -- hash of its first line
    path     BLOB NOT NULL,   -- the path that was to be shipped; empty when it is done with
    seen     REAL NOT NULL,
    position BLOB NOT NULL,
    PRIMARY KEY (way, file_id)
);
CREATE INDEX IF NOT EXISTS files_by_place ON files (way, place);
CREATE INDEX IF NOT EXISTS files_by_opening ON files (way, opening);
CREATE INDEX IF NOT EXISTS files_by_path ON files (way, path);
-- Copies that were found to hold nothing of their own, so that they are not read again at every run.
CREATE TABLE IF NOT EXISTS copies (
    way     TEXT NOT NULL,
    place   TEXT NOT NULL,
    version TEXT NOT NULL,    -- size and time of the last change
    file_id TEXT NOT NULL,
    seen    REAL NOT NULL,
    PRIMARY KEY (way, place)
);
-- When each path was looked at: what was changed later may have been there between two looks.
CREATE TABLE IF NOT EXISTS looks (
    way    TEXT NOT NULL,
    path   BLOB NOT NULL,
    looked REAL NOT NULL,
    PRIMARY KEY (way, path)
);
