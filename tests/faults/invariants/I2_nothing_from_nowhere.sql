-- Every row was attempted; what was refused is absent; a request is there as a whole or not at all.
WITH stored AS (
    SELECT i.request_id, i.topic, i.event_id, encode(sha256(convert_to(i.raw::text, 'UTF8')), 'hex') AS sha256,
           count(*) AS rows
    FROM eventlog.inbox AS i
    WHERE i.request_id IN (SELECT a.request_id FROM attempted AS a WHERE NOT a.by_outbox)
    GROUP BY 1, 2, 3, 4
), wanted AS (
    SELECT a.request_id, a.topic, a.event_id, a.sha256, count(*) AS rows, min(a.outcome) AS outcome
    FROM attempted AS a
    WHERE NOT a.by_outbox
    GROUP BY 1, 2, 3, 4
), stored_requests AS (
    SELECT DISTINCT stored.request_id FROM stored
)
SELECT format('request %s (%s): %s/%s %s times attempted, %s times stored',
              coalesce(w.request_id, s.request_id), w.outcome, coalesce(w.topic, s.topic),
              coalesce(w.event_id, s.event_id), coalesce(w.rows, 0), coalesce(s.rows, 0))
FROM wanted AS w
FULL JOIN stored AS s USING (request_id, topic, event_id, sha256)
WHERE w.rows IS NULL
   OR (w.outcome = 'fail' AND s.rows IS NOT NULL)
   OR (w.outcome <> 'fail'
       AND coalesce(s.rows, 0) <> w.rows
       AND (w.outcome = 'ok' OR w.request_id IN (SELECT r.request_id FROM stored_requests AS r)))
UNION ALL
-- What came through the outbox has a request id of the mover's.
SELECT format('%s/%s through the outbox: %s committed, %s perhaps, %s stored',
              topic, event_id, coalesce(p.sure, 0), coalesce(p.perhaps, 0), coalesce(m.rows, 0))
FROM (
    SELECT a.topic, a.event_id, a.sha256, count(*) FILTER (WHERE a.outcome = 'ok') AS sure,
           count(*) FILTER (WHERE a.outcome = 'info') AS perhaps
    FROM attempted AS a
    WHERE a.by_outbox
    GROUP BY 1, 2, 3
) AS p
FULL JOIN (
    SELECT i.topic, i.event_id, encode(sha256(convert_to(i.raw::text, 'UTF8')), 'hex') AS sha256, count(*) AS rows
    FROM eventlog.inbox AS i
    WHERE i.request_id IS NOT NULL
      AND i.request_id NOT IN (SELECT a.request_id FROM attempted AS a WHERE NOT a.by_outbox)
    GROUP BY 1, 2, 3
) AS m USING (topic, event_id, sha256)
WHERE coalesce(m.rows, 0) NOT BETWEEN coalesce(p.sure, 0) AND coalesce(p.sure, 0) + coalesce(p.perhaps, 0)
