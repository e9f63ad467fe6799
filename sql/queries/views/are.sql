-- Which text of views.sql the stable views were made from, and whether all that it names are there.
SELECT obj_description(to_regnamespace(%(schema_name)s), 'pg_namespace') IS NOT DISTINCT FROM %(mark)s
       AND NOT EXISTS (
           SELECT FROM unnest(%(views)s::text[]) AS v (name) WHERE to_regclass(format('eventlog.%%I', v.name)) IS NULL
       ) AS current
