INSERT INTO {schema}.sums AS s (partition, topic, total)
SELECT b.partition, b.topic, -sum(coalesce(b.payload ->> 'a', eventlog.indigestible('no number'))::numeric)
FROM {batch} AS b
GROUP BY b.partition, b.topic
ON CONFLICT (partition, topic) DO UPDATE SET total = s.total + excluded.total
