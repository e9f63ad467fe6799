-- How many partitions of each live projection fail, and one of the causes.
SELECT j.projection, count(*) AS partitions, min(j.cause) AS cause
FROM (
{include fragments/failing.sql}
) AS j
JOIN eventlog.projections AS p ON p.name = j.projection AND p.live_version = j.version
GROUP BY j.projection
ORDER BY j.projection
