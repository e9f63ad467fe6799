-- Nothing of a claim is suspected any more once all that was has been projected.
DELETE FROM eventlog.attempts
WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
  AND session = %(session)s
  AND coalesce(through, last) <= eventlog.checkpoint_of(projection, version, partition)
