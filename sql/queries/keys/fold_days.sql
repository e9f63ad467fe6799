-- Rows of a key and day become one; days before yesterday go. Two who fold at once take no row twice.
WITH today AS (
    SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date AS day
), many AS (
    SELECT d.day, d.key_id
    FROM eventlog.key_days AS d
    CROSS JOIN today
    WHERE d.day >= today.day - 1
    GROUP BY d.day, d.key_id
    HAVING count(*) > 1
), gone AS (
    DELETE FROM eventlog.key_days AS d
    USING today
    WHERE d.day < today.day - 1
       OR EXISTS (SELECT FROM many WHERE many.day = d.day AND many.key_id = d.key_id)
    RETURNING d.key_id, d.day, d.events
)
INSERT INTO eventlog.key_days (key_id, day, events)
SELECT gone.key_id, gone.day, sum(gone.events)
FROM gone
CROSS JOIN today
WHERE gone.day >= today.day - 1
GROUP BY gone.key_id, gone.day
