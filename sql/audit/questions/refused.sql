-- title: What was refused?
-- description: Publishes that were answered with an error, by what was wrong.
-- parameter: since timestamptz = yesterday; from this moment on
SELECT code, status, count(DISTINCT source) AS sources, sum(times)::bigint AS refusals, min(refused_at) AS first_at, max(refused_at) AS last_at
FROM refused_publishes
WHERE refused_at >= :since::timestamptz
GROUP BY code, status
ORDER BY refusals DESC
