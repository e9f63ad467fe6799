-- Wait for a claim, unlike a worker, who takes another.
SELECT partition FROM eventlog.claims
WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
FOR UPDATE
