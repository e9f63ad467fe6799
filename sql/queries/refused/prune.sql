-- Of each kind (source, status, code) the first and the latest stay; of what stays, the latest of each source; and
-- in all as many of each source as there is room for, so that one that has many pushes out its own.
WITH of_kind AS (
    SELECT id, source,
           row_number() OVER (PARTITION BY source, status, code ORDER BY id) AS from_first,
           row_number() OVER (PARTITION BY source, status, code ORDER BY id DESC) AS from_latest
    FROM eventlog.refused_publishes
    WHERE refused_at >= statement_timestamp() - make_interval(days => %(days)s::integer)
), of_source AS (
    SELECT id, row_number() OVER (PARTITION BY source ORDER BY id DESC) AS from_latest
    FROM of_kind
    WHERE from_first <= %(first)s::bigint OR from_latest <= %(latest)s::bigint
), kept AS (
    SELECT id
    FROM of_source
    WHERE from_latest <= %(of_source)s::bigint
    ORDER BY from_latest, id DESC
    LIMIT %(in_all)s::bigint
)
DELETE FROM eventlog.refused_publishes AS r
WHERE NOT EXISTS (SELECT FROM kept AS k WHERE k.id = r.id)
