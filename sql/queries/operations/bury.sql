UPDATE eventlog.operations
SET state = 'failed', finished_at = clock_timestamp(), error = 'its process ended'
WHERE id = %(id)s AND state = 'running'
