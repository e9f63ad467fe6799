-- Repeatable read keeps the snapshot of its first statement to the end; ours would be ended after ten minutes.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT count(*) AS topics FROM eventlog.stats
