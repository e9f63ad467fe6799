SELECT FROM eventlog.claims ORDER BY partition, projection, version FOR UPDATE
