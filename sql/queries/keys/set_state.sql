-- What is revoked stays so. Says the state that was, or nothing where there is no such key.
WITH was AS (
    SELECT id, state FROM eventlog.keys WHERE id = %(id)s FOR UPDATE
), changed AS (
    UPDATE eventlog.keys AS k
    SET state = %(state)s, changed_at = clock_timestamp()
    FROM was
    WHERE k.id = was.id AND was.state NOT IN ('revoked', %(state)s)
)
SELECT state FROM was
