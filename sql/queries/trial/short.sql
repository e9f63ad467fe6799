-- name: create_database
CREATE DATABASE {name} OWNER eventlog TEMPLATE {template}

-- name: drop_database
DROP DATABASE IF EXISTS {name} WITH (FORCE)

-- name: refuse_a_third
ALTER TABLE {schema}.seen ADD CONSTRAINT not_yet CHECK (position % 3 <> 1)

-- name: refuse_no_more
ALTER TABLE {schema}.seen DROP CONSTRAINT not_yet

-- name: search_path
SELECT set_config('search_path', 'eventlog, ' || quote_ident(%(schema)s) || ', public', false),
       set_config('timezone', 'UTC', false)
