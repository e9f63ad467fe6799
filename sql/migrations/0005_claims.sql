-- Claims are taken several at a time now, by take_claims.
-- Upgrade path: drops a function of ours; workers of the version before fail until they are ended, and nothing
-- is lost: their claims are free. Nothing is locked.
DROP FUNCTION IF EXISTS eventlog.lock_claim (text, integer, smallint);
