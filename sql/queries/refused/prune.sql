-- Of each kind (source, status, code) the first and the latest stay, of each source the latest, and in all as
-- many of each source as there is room for, so that one that has many pushes out its own.
WITH ranked AS (
    SELECT id, refused_at,
           row_number() OVER (PARTITION BY source, status, code ORDER BY id) AS from_first,
           row_number() OVER (PARTITION BY source, status, code ORDER BY id DESC) AS from_latest,
           row_number() OVER (PARTITION BY source ORDER BY id DESC) AS of_source
    FROM eventlog.refused_publishes
), placed AS (
    SELECT id, refused_at, from_first, from_latest, of_source,
           row_number() OVER (ORDER BY of_source, id DESC) AS in_all
    FROM ranked
)
DELETE FROM eventlog.refused_publishes AS r
USING placed AS p
WHERE p.id = r.id
  AND (
      (p.from_first > %(first)s::bigint AND p.from_latest > %(latest)s::bigint)
      OR p.of_source > %(of_source)s::bigint
      OR p.in_all > %(in_all)s::bigint
      OR p.refused_at < statement_timestamp() - make_interval(days => %(days)s::integer)
  )
