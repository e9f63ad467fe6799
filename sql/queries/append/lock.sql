-- READ COMMITTED whatever the server's default is: the heads must be read by a snapshot that is
-- taken after the lock was granted. One message, so that the lock is held for one round trip less.
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT partition, head FROM eventlog.lock_partitions(%(partitions)s::smallint[]);
