-- What of the live versions' quarantine is wanted; NULL wants all.
SELECT q.projection, q.partition, q.position, q.topic, q.event_id, q.sqlstate, q.cause
FROM eventlog.quarantine AS q
JOIN eventlog.projections AS p ON p.name = q.projection AND p.live_version = q.version
WHERE (%(projection)s::text IS NULL OR q.projection = %(projection)s::text)
  AND (%(sqlstate)s::text IS NULL OR q.sqlstate = %(sqlstate)s::text)
  AND (%(cause)s::text IS NULL OR position(%(cause)s::text IN q.cause) > 0)
  AND (%(partitions)s::smallint[] IS NULL OR (q.partition, q.position) IN (
      SELECT partition, position
      FROM unnest(%(partitions)s::smallint[], %(positions)s::bigint[]) AS given (partition, position)
  ))
ORDER BY q.projection, q.partition, q.position
