-- Publish events inside the caller's own transaction: they are in the log if and only if it
-- commits. Takes an array of events as POST /publish does and returns how many they are.
-- Writes to the outbox, without the order lock: a caller that idles in its transaction would
-- otherwise stop every other publisher.
-- SECURITY DEFINER, so that a caller needs no rights but to call it:
--   GRANT USAGE ON SCHEMA eventlog TO shop; GRANT EXECUTE ON FUNCTION eventlog.publish_events TO shop;
CREATE OR REPLACE FUNCTION eventlog.publish_events(events json)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
DECLARE
    fault record;
    stored integer;
BEGIN
    IF json_typeof(events) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'publish_events takes a JSON array of events'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT item.index - 1 AS index, event_fault(item.event) AS detail INTO fault
    FROM json_array_elements(events) WITH ORDINALITY AS item (event, index)
    WHERE event_fault(item.event) IS NOT NULL
    ORDER BY item.index
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'event %: %', fault.index, fault.detail
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO outbox (topic, event_id, raw)
    SELECT item.event ->> 'topic', item.event ->> 'event_id', item.event
    FROM json_array_elements(events) WITH ORDINALITY AS item (event, index)
    ORDER BY item.index;
    GET DIAGNOSTICS stored = ROW_COUNT;
    RETURN stored;
END
$$;
