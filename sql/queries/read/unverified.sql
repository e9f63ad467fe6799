-- How long ago each live projection was last proven to equal a replay, or was built, if that was later.
SELECT p.name,
       extract(epoch FROM clock_timestamp() - greatest(v.created_at, max(o.finished_at)))::double precision AS seconds
FROM eventlog.projections AS p
JOIN eventlog.projection_versions AS v ON v.projection = p.name AND v.version = p.live_version
LEFT JOIN eventlog.operations AS o
       ON o.projection = p.name AND o.kind = 'verify' AND o.state = 'done' AND o.detail -> 'differing' = '[]'
GROUP BY p.name, v.created_at
ORDER BY p.name
