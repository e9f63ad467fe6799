-- What is projected now is in quarantine no longer; nor is it set aside in any later replay (version 0).
DELETE FROM eventlog.quarantine
WHERE partition = %(partition)s AND projection = %(projection)s AND version IN (0, %(version)s)
  AND position = ANY (%(positions)s::bigint[])
