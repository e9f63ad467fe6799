-- title: Is it keeping up?
-- description: How far each live projection is behind the log, the farthest first.
SELECT projection, partition, checkpoint, head, lag_deliveries, lag_seconds
FROM lag
ORDER BY lag_deliveries DESC, projection, partition
