-- Without claims: no worker touches it before it is filled.
INSERT INTO eventlog.projection_versions (projection, version, schema_name, definition, keyed)
VALUES (%(projection)s, %(version)s, %(schema_name)s, %(definition)s, false)
