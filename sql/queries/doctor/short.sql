-- name: clock
SELECT clock_timestamp() AS now, NULL::timestamptz AS newest

-- name: given_setting
-- What our sessions are given, and by whose word.
SELECT setting AS value, source FROM pg_settings WHERE name = %(name)s

-- name: sequences
SELECT sequence::text FROM eventlog.sequences_behind()

-- name: settings
SELECT name, setting FROM pg_settings WHERE name = ANY (%(names)s)
