-- Positions have no gap, time does not run backwards along them, and what one connection published
-- one after the other lies in that order.
SELECT format('partition %s holds %s deliveries from %s to %s', i.partition, count(*), min(i.position), max(i.position))
FROM eventlog.inbox AS i
GROUP BY i.partition
HAVING (min(i.position), max(i.position)) <> (1, count(*))
UNION ALL
SELECT format('%s:%s was received before its predecessor', i.partition, i.position)
FROM (
    SELECT partition, position,
           received_at < lag(received_at) OVER (PARTITION BY partition ORDER BY position) AS backwards
    FROM eventlog.inbox
) AS i
WHERE i.backwards
UNION ALL
SELECT format('connection %s, topic %s: attempt %s lies at %s, before an earlier one', a.connection, a.topic, a.number, a.position)
FROM (
    SELECT connection, topic, number, position,
           position < lag(position) OVER (PARTITION BY connection, topic ORDER BY number, ordinal) AS backwards
    FROM attempted
    WHERE outcome = 'ok' AND NOT by_outbox
) AS a
WHERE a.backwards
