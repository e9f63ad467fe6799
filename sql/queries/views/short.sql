-- name: drop
DROP VIEW {views}

-- name: mark
COMMENT ON SCHEMA {schema} IS {mark}

-- name: unplug
SELECT eventlog.unplug_views(%(schema_name)s, %(projection)s)
