-- Whether `a` of pg_stat_activity is the session of the operation `o`: by when it began, or, where it could not
-- see that itself, by a name of ours.
a.pid = o.backend_pid
AND CASE WHEN o.backend_started_at = '-infinity' THEN a.application_name ^@ 'eventlog '
         ELSE coalesce(a.backend_start, o.backend_started_at) = o.backend_started_at
    END
