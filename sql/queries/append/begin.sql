-- READ COMMITTED whatever the server's default is: the heads must be read by a snapshot that is
-- taken after the order lock was granted.
BEGIN ISOLATION LEVEL READ COMMITTED
