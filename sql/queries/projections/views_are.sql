-- Which text of views.sql the stable views were made from.
SELECT obj_description(to_regnamespace(%(schema_name)s), 'pg_namespace') IS NOT DISTINCT FROM %(mark)s AS current
