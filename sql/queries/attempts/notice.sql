-- Where a worker has ended without a word, anything may have killed it: every claim is under suspicion, until
-- a batch of it has been survived. Whose lock can be had is gone.
WITH dead AS (
    DELETE FROM eventlog.worker_sessions
    WHERE CASE WHEN id = %(session)s THEN false
               ELSE pg_try_advisory_xact_lock_shared(hashtext('eventlog.worker'), id)
          END
    RETURNING id
), suspected AS (
    INSERT INTO eventlog.attempts (partition, projection, version)
    SELECT partition, projection, version
    FROM eventlog.claims
    WHERE EXISTS (SELECT FROM dead)
    ON CONFLICT DO NOTHING
)
SELECT count(*) AS dead FROM dead
