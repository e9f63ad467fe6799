-- What is wrong with an event, or NULL. The rules of POST /publish for those who publish in SQL:
-- whatever passes here is projected. The timestamp's text is checked before it is cast, since
-- PostgreSQL's input takes 'now' and 'infinity'.
CREATE OR REPLACE FUNCTION eventlog.event_fault(event json)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = eventlog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    brackets text;
    field    record;
    parsed   jsonb;
    moment   timestamptz;
BEGIN
    IF json_typeof(event) IS DISTINCT FROM 'object' THEN
        RETURN 'an event is a JSON object';
    END IF;
    IF octet_length(event::text) > 1048576 THEN
        RETURN 'an event has at most 1048576 bytes';
    END IF;
    -- In the text, not in jsonb, which keeps only the last of a payload's repeated keys. Without
    -- all but the brackets, each round takes the innermost pairs away.
    IF octet_length(event::text) - octet_length(translate(event::text, '[{', '')) > 64 THEN
        brackets := regexp_replace(event::text, '"([^"\\]|\\.)*"|[^][{}]', '', 'g');
        FOR round IN 1 .. 64 LOOP
            brackets := regexp_replace(brackets, '\[\]|\{\}', '', 'g');
        END LOOP;
        IF brackets <> '' THEN
            RETURN 'an event is nested at most 64 deep';
        END IF;
    END IF;
    BEGIN
        parsed := event::jsonb;
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        RETURN 'an event holds only what jsonb can hold: ' || SQLERRM;
    END;
    IF (SELECT count(*) > 1000 FROM json_object_keys(event)) THEN
        RETURN 'an event has at most 1000 fields of its own';
    END IF;
    IF (SELECT count(*) <> count(DISTINCT key) FROM json_object_keys(event) AS key) THEN
        RETURN 'an event''s own fields may not repeat';
    END IF;
    FOR field IN
        SELECT name, parsed -> name AS value, parsed ->> name AS content
        FROM unnest(ARRAY['topic', 'event_id', 'source', 'timestamp']) AS name
    LOOP
        IF jsonb_typeof(field.value) IS DISTINCT FROM 'string' THEN
            RETURN field.name || ' is required, a string';
        END IF;
        IF octet_length(field.content) NOT BETWEEN 1 AND 255 THEN
            RETURN field.name || ' has 1 to 255 bytes of UTF-8';
        END IF;
        IF field.content ~ '[\u0001-\u001f\u007f-\u009f]' THEN
            RETURN field.name || ' has no control characters';
        END IF;
    END LOOP;
    -- White space spelt out, as what \s matches depends on the database's locale. Of the rest of
    -- Unicode's, control characters were refused above.
    IF parsed ->> 'topic' ~ '^[$]|[*]|^[\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|[\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$' THEN
        RETURN 'topic has no surrounding white space and no *, and does not begin with $';
    END IF;
    IF parsed ->> 'timestamp' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?([Zz]|[+-](0[0-9]|1[0-5]):[0-5][0-9])$' THEN
        RETURN 'timestamp is RFC 3339 with a zone';
    END IF;
    BEGIN
        -- Cut to the microsecond, as the log keeps it: the cast alone would round.
        moment := regexp_replace(parsed ->> 'timestamp', '([.][0-9]{6})[0-9]+', '\1')::timestamptz;
    EXCEPTION WHEN data_exception THEN
        RETURN 'timestamp is no date of the calendar';
    END;
    IF moment < '1970-01-01Z' OR moment >= '10000-01-01Z' THEN
        RETURN 'timestamp lies in the years 1970 to 9999';
    END IF;
    IF jsonb_typeof(parsed -> 'payload') IS DISTINCT FROM 'object' THEN
        RETURN 'payload is required, a JSON object';
    END IF;
    RETURN NULL;
END
$$;
