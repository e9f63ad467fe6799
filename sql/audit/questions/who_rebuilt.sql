-- title: What was rebuilt, verified or dropped?
-- description: The latest operations on projections, and what came out of them.
-- parameter: most integer = 50; how many
SELECT started_at, kind, projection, state, phase, done, total, duration, error, detail
FROM operations
ORDER BY started_at DESC
LIMIT :most::integer
