-- Repeatable read keeps the snapshot of its first statement to the end.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) AS topics FROM eventlog.stats
