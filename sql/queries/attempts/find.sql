-- What is suspected of a claim, and what became of the last attempt: `died` where its session is gone,
-- `busy` while another session makes an attempt anywhere: of two under way, nobody knows which one killed.
SELECT a.through, a.first, a.last, a.deaths,
       eventlog.checkpoint_of(a.projection, a.version, a.partition) AS checkpoint,
       eventlog.head_of(a.partition) AS head,
       coalesce(a.session <> %(session)s
           AND pg_try_advisory_xact_lock_shared(hashtext('eventlog.worker'), a.session), false) AS died,
       EXISTS (
           SELECT FROM eventlog.attempts AS o
           WHERE o.session <> %(session)s
             AND NOT pg_try_advisory_xact_lock_shared(hashtext('eventlog.worker'), o.session)
       ) AS busy
FROM eventlog.attempts AS a
WHERE a.partition = %(partition)s AND a.projection = %(projection)s AND a.version = %(version)s
