-- Takes one key whose day is not whole, once every process has counted it for a while: since its quota was set,
-- and no process goes by what it knew before for more than 2 s, each append has counted it.
-- Looked for first: the trigger that tells of a change fires for an UPDATE of no row, too.
SELECT k.id
FROM eventlog.keys AS k
WHERE NOT k.day_is_whole
  AND k.events_per_day IS NOT NULL
  AND k.changed_at < clock_timestamp() - make_interval(secs => %(settled_seconds)s)
ORDER BY k.id
LIMIT 1
FOR UPDATE SKIP LOCKED
