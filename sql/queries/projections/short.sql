-- name: go_live
UPDATE eventlog.projections SET live_version = %(version)s WHERE name = %(projection)s

-- name: register
-- Its first version is the next one: 1.
INSERT INTO eventlog.projections (name, last_version) VALUES (%(name)s, 0)
