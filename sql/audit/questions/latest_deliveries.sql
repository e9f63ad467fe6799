-- title: What came in last?
-- description: The latest deliveries, and what became of each.
-- parameter: most integer = 50; how many
SELECT i.received_at, i.delivery, i.topic, i.event_id, i.outcome, i.first_delivery, i.source, i.bytes
FROM partitions AS p
CROSS JOIN LATERAL (
    SELECT d.received_at, d.delivery, d.topic, d.event_id, d.outcome, d.first_delivery, d.source, d.bytes
    FROM deliveries AS d
    WHERE d.partition = p.partition
    ORDER BY d.position DESC
    LIMIT :most::integer
) AS i
ORDER BY i.received_at DESC, i.delivery DESC
LIMIT :most::integer
