-- Keep the newest; ids grow, and gaps in them only keep fewer.
DELETE FROM eventlog.refused_publishes
WHERE id <= (SELECT max(id) FROM eventlog.refused_publishes) - %(keep)s
