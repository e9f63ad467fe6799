-- One decides at a time. Updated in place: there are rows only after a worker has died.
SELECT FROM eventlog.attempts ORDER BY partition, projection, version FOR UPDATE
