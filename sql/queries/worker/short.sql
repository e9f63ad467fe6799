-- name: take
SELECT partition, checkpoint, head
FROM eventlog.take_claims(%(projection)s, %(version)s, %(partitions)s, %(enough)s)
