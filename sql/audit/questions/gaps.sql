-- title: Is anything missing?
-- description: Positions that are missing in the log: there must be none. Counts every delivery.
SELECT partition, first_missing, last_missing
FROM gaps
ORDER BY partition, first_missing
