-- The counts, from the log alone. A conflict is a later delivery whose source or payload differs,
-- as JSON values, from the first one's.
WITH delivery AS (
    SELECT topic, event_id,
           raw::jsonb -> 'payload' IS DISTINCT FROM first_value(raw::jsonb -> 'payload') OVER of_event
           OR raw ->> 'source' IS DISTINCT FROM first_value(raw ->> 'source') OVER of_event AS differs
    FROM eventlog.inbox
    WINDOW of_event AS (PARTITION BY topic, event_id ORDER BY partition, position)
)
SELECT count(*) AS received,
       count(DISTINCT (topic, event_id)) AS unique_events,
       count(*) FILTER (WHERE differs) AS conflicts
FROM delivery
