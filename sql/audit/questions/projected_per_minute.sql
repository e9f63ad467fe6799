-- title: How fast was it projected?
-- description: Deliveries that each projection got through, minute by minute. Old steps are added up into one.
-- parameter: since timestamptz = today; projected at this moment or later
SELECT projection, minute, deliveries, unique_events, duplicates, steps
FROM projected_per_minute
WHERE minute >= :since::timestamptz
ORDER BY minute, projection
