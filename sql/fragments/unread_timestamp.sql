-- The timestamp of a delivery that intake has not read. Input of timestamptz takes 'now'; a replay must read the
-- same moment for ever.
CASE WHEN event."timestamp" LIKE '____-__-__%%'
     THEN event."timestamp"::timestamptz
     ELSE eventlog.indigestible('timestamp is no date and time')::timestamptz
END
