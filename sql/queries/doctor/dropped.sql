-- Projections that are known and not live. Reading one of them is answered 503.
SELECT name
FROM eventlog.projections
WHERE live_version IS NULL
ORDER BY name
