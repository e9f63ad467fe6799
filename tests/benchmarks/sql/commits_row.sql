INSERT INTO eventlog.commits VALUES (1)
