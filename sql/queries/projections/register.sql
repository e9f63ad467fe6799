INSERT INTO eventlog.projections (name) VALUES (%(name)s)
