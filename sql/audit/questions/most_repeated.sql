-- title: Which events came the most often?
-- description: The events with the most deliveries, of all time.
-- parameter: most integer = 20; how many events
SELECT d.deliveries, i.topic, i.event_id, i.source, i.received_at AS first_received_at, i.delivery AS first_delivery
FROM (
    SELECT partition, first_position, 1 + count(*) AS deliveries
    FROM duplicates
    GROUP BY partition, first_position
    ORDER BY count(*) DESC, partition, first_position
    LIMIT :most::integer
) AS d
JOIN deliveries AS i ON i.partition = d.partition AND i.position = d.first_position
ORDER BY d.deliveries DESC, i.delivery
