BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT eventlog.lock_outbox() AS claimed;
