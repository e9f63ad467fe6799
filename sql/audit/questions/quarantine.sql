-- title: What could not be projected?
-- description: Deliveries in quarantine by cause, with the latest of each.
SELECT projection, sqlstate, cause, count(*) AS deliveries,
       min(quarantined_at) AS first_at, max(quarantined_at) AS last_at, max(delivery) AS one_of_them
FROM quarantine
GROUP BY projection, sqlstate, cause
ORDER BY deliveries DESC
