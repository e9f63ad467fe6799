-- name: analyze
ANALYZE {schema}.{table}

-- name: key_together
-- For one transaction: as many processes build an index as there are workers, of whom we are one.
SELECT set_config('max_parallel_maintenance_workers', %(others)s, true)
