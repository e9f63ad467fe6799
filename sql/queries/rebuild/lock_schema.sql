-- Nobody migrates, installs or re-points stable views meanwhile. Ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('eventlog.migrate', 0))
