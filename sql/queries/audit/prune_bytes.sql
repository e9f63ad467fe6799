-- Keep the newest of so many bytes, and one more; as they are stored, since only that needs no reading.
DELETE FROM eventlog.console_statements
WHERE id < (
    SELECT max(s.id)
    FROM (
        SELECT id, sum(pg_column_size(statement) + pg_column_size(parameters)) OVER (ORDER BY id DESC) AS bytes
        FROM eventlog.console_statements
    ) AS s
    WHERE s.bytes > %(keep)s
)
