-- Its first version is the next one: 1.
INSERT INTO eventlog.projections (name, last_version) VALUES (%(name)s, 0)
