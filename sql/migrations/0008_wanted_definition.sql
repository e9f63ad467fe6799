-- Which definition the code has that was installed last, so that anybody can tell that a live version is of
-- another and stands still, without having that code.
-- Upgrade path: a column without a default; it is filled when the projections are installed, right after. Locks
-- the projections in ACCESS EXCLUSIVE for a moment.
ALTER TABLE eventlog.projections ADD COLUMN wanted_definition text;

COMMENT ON COLUMN eventlog.projections.wanted_definition IS
    'sha256 of what defines it in the code that was installed last; NULL before that was noted.';
