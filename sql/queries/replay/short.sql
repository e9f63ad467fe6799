-- name: as_projector
-- To the end of the transaction: with a worker's rights, whoever plays.
SELECT set_config('role', 'eventlog_projector', true)
