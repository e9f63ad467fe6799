-- name: drop_table
DROP TABLE {schema}.{table}

-- name: keep_table
LOCK TABLE {schema}.{table} IN ACCESS SHARE MODE
