-- Keep the latest 1,000.
DELETE FROM eventlog.operations
WHERE state <> 'running'
  AND started_at < (SELECT started_at FROM eventlog.operations ORDER BY started_at DESC OFFSET 1000 LIMIT 1)
