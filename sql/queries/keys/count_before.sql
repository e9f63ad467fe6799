-- What the log has of a key's day and no append has counted, all of one snapshot.
WITH today AS (
    SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date AS day,
           date_trunc('day', statement_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS begins
), received AS (
    SELECT count(*) AS events
    FROM today
    CROSS JOIN eventlog.partitions AS p
    CROSS JOIN LATERAL (SELECT eventlog.position_at(p.partition, today.begins) AS position) AS first
    JOIN eventlog.inbox AS i ON i.partition = p.partition AND i.position >= first.position
    WHERE i.publisher = %(id)s
), counted AS (
    SELECT coalesce(sum(d.events), 0) AS events
    FROM eventlog.key_days AS d
    JOIN today USING (day)
    WHERE d.key_id = %(id)s
)
INSERT INTO eventlog.key_days (key_id, day, events)
SELECT %(id)s, today.day, received.events - counted.events
FROM today
CROSS JOIN received
CROSS JOIN counted
