
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA core_1;

COMMENT ON SCHEMA core_1 IS 'projection core; sha256 of its views.sql: a9f9f91b358015fe1583655398ebec564ff653180dc68e9858f47c027774f434';

CREATE SCHEMA eventlog;

COMMENT ON SCHEMA eventlog IS 'The event log: inbox, its books, and stable views of the live projections.';

CREATE SCHEMA timeline_1;

COMMENT ON SCHEMA timeline_1 IS 'projection timeline; sha256 of its views.sql: 4f05a3bb9b87e2fdd5be5db7c3eaa644e372faf8fa292ec5d3c792e68bf4e6f6';

CREATE FUNCTION eventlog.checkpoint_of(wanted_projection text, wanted_version integer, wanted_partition smallint) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path TO 'eventlog', 'pg_temp'
    AS $$
BEGIN
    RETURN coalesce(
        (SELECT s.last FROM steps AS s
         WHERE s.partition = wanted_partition
           AND s.projection = wanted_projection
           AND s.version = wanted_version
         ORDER BY s.first DESC
         LIMIT 1),
        (SELECT p.first_position - 1 FROM partitions AS p WHERE p.partition = wanted_partition)
    );
END
$$;

CREATE FUNCTION eventlog.create_partitions(wanted integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    present integer := (SELECT count(*) FROM eventlog.partitions);
    target  text;
BEGIN
    IF present > 0 THEN
        RETURN present;
    END IF;
    FOR number IN 0 .. wanted - 1 LOOP
        target := format('inbox_%s', number);
        EXECUTE format(
            'CREATE TABLE eventlog.%I PARTITION OF eventlog.inbox
             FOR VALUES FROM (%s, MINVALUE) TO (%s, MAXVALUE)',
            target, number, number);
        -- An insert-only table: freeze it by inserts, so that no late anti-wraparound storm comes.
        EXECUTE format(
            'ALTER TABLE eventlog.%I SET (autovacuum_vacuum_insert_scale_factor = 0.2, fillfactor = 100)',
            target);
        EXECUTE format(
            'CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eventlog.%I
             FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change()',
            target);
        INSERT INTO eventlog.partitions (partition) VALUES (number);
    END LOOP;
    CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eventlog.inbox
        FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();
    RETURN wanted;
END
$$;

CREATE FUNCTION eventlog.event_fault(event json) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'eventlog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
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
    IF parsed ->> 'timestamp' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?([Zz]|[+-](0[0-9]|1[0-5]):[0-5][0-9])$' THEN
        RETURN 'timestamp is RFC 3339 with a zone and at most 6 fractional digits';
    END IF;
    BEGIN
        moment := (parsed ->> 'timestamp')::timestamptz;
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
$_$;

CREATE FUNCTION eventlog.head_of(wanted smallint) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path TO 'eventlog', 'pg_temp'
    AS $$
BEGIN
    RETURN greatest(
        (SELECT max(position) FROM inbox WHERE partition = wanted),
        (SELECT archived_through FROM partitions WHERE partition = wanted)
    );
END
$$;

CREATE FUNCTION eventlog.indigestible(cause text) RETURNS text
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '%', cause USING ERRCODE = 'data_exception';
END
$$;

CREATE FUNCTION eventlog.lock_claim(wanted_projection text, wanted_version integer, wanted_partition smallint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'eventlog', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM claims AS c
    WHERE c.partition = wanted_partition
      AND c.projection = wanted_projection
      AND c.version = wanted_version
    FOR UPDATE SKIP LOCKED;
    RETURN FOUND;
END
$$;

CREATE FUNCTION eventlog.lock_outbox() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'eventlog', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM outbox_claim FOR UPDATE SKIP LOCKED;
    RETURN FOUND;
END
$$;

CREATE FUNCTION eventlog.lock_partitions(wanted smallint[]) RETURNS TABLE(partition smallint, head bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'eventlog', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM partitions AS p WHERE p.partition = ANY (wanted) ORDER BY p.partition FOR UPDATE;
    RETURN QUERY
        SELECT p.partition,
               greatest(p.archived_through, (SELECT max(i.position) FROM inbox AS i WHERE i.partition = p.partition))
        FROM partitions AS p
        WHERE p.partition = ANY (wanted)
        ORDER BY p.partition;
END
$$;

CREATE FUNCTION eventlog.partition_of(topic text, partitions integer) RETURNS smallint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((((('x'::text || encode(SUBSTRING(sha256(convert_to(topic, 'UTF8'::name)) FROM 1 FOR 4), 'hex'::text)))::bit(32))::bigint & '4294967295'::bigint) % (partitions)::bigint);

CREATE FUNCTION eventlog.projection_dropped(name text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'projection % is dropped; a rebuild brings it back', name USING ERRCODE = 'undefined_table';
END
$$;

CREATE FUNCTION eventlog.publish_events(events json) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'eventlog', 'pg_temp'
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

CREATE FUNCTION eventlog.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on %.% refused: the log is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'A wrong event is corrected by publishing another one.';
END
$$;

CREATE FUNCTION eventlog.unplug_views(wanted_schema text, wanted_projection text) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    stable  record;
    number  integer := 0;
BEGIN
    FOR stable IN
        SELECT c.oid, c.relname,
               string_agg(
                   format('NULL::%s%s AS %I', format_type(a.atttypid, a.atttypmod),
                          CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation
                               THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END,
                          a.attname),
                   ', ' ORDER BY a.attnum) AS columns
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE n.nspname = 'eventlog' AND c.relkind = 'v'
          AND EXISTS (
              SELECT FROM pg_rewrite AS r
              JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                   AND d.refclassid = 'pg_class'::regclass
              JOIN pg_class AS base ON base.oid = d.refobjid
              JOIN pg_namespace AS s ON s.oid = base.relnamespace
              WHERE r.ev_class = c.oid AND s.nspname = wanted_schema
          )
        GROUP BY c.oid, c.relname
        ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE OR REPLACE VIEW eventlog.%I AS SELECT %s WHERE eventlog.projection_dropped(%L)',
                       stable.relname, stable.columns, wanted_projection);
        number := number + 1;
    END LOOP;
    RETURN number;
END
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE core_1.conflicts (
    first_position bigint NOT NULL,
    "position" bigint NOT NULL,
    partition smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE core_1.duplicates (
    first_position bigint NOT NULL,
    "position" bigint NOT NULL,
    partition smallint NOT NULL
);

CREATE TABLE core_1.events (
    "position" bigint NOT NULL,
    "timestamp" timestamp with time zone NOT NULL,
    processed_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    content_hash bigint NOT NULL,
    partition smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    source text NOT NULL,
    CONSTRAINT timestamp_in_range CHECK ((("timestamp" >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND ("timestamp" < '10000-01-01 00:00:00+00'::timestamp with time zone)))
);

CREATE TABLE core_1.stats_deltas (
    first bigint NOT NULL,
    unique_count bigint NOT NULL,
    duplicate_count bigint NOT NULL,
    conflict_count bigint NOT NULL,
    quarantined_count bigint NOT NULL,
    partition smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE eventlog.claims (
    partition smallint NOT NULL,
    projection text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL
);

CREATE VIEW eventlog.conflicts AS
 SELECT partition,
    "position",
    first_position,
    topic,
    event_id
   FROM core_1.conflicts;

COMMENT ON VIEW eventlog.conflicts IS 'Duplicates whose source or payload differ from the first delivery''s.';

CREATE VIEW eventlog.duplicates AS
 SELECT partition,
    "position",
    first_position
   FROM core_1.duplicates;

COMMENT ON VIEW eventlog.duplicates IS 'Deliveries that repeat an earlier one, and the position of that first one.';

CREATE TABLE eventlog.inbox (
    partition smallint NOT NULL,
    "position" bigint NOT NULL,
    received_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    request_id uuid,
    format smallint DEFAULT 1 NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    publisher text,
    headers json,
    raw json,
    "timestamp" timestamp with time zone,
    content_hash bigint,
    source text,
    CONSTRAINT key_fits_an_index CHECK (((octet_length(topic) <= 255) AND (octet_length(event_id) <= 255))),
    CONSTRAINT position_from_one CHECK (("position" >= 1))
)
PARTITION BY RANGE (partition, "position");

COMMENT ON TABLE eventlog.inbox IS 'The log: every delivery that was accepted, unchanged, in order.';

COMMENT ON COLUMN eventlog.inbox.partition IS 'partition_of(topic): one topic lives in one partition.';

COMMENT ON COLUMN eventlog.inbox."position" IS 'Place in the partition: 1, 2, 3 … without gaps, in commit order.';

COMMENT ON COLUMN eventlog.inbox.received_at IS 'Start of the statement that appended it, taken under the order lock: never runs backwards within a partition.';

COMMENT ON COLUMN eventlog.inbox.request_id IS 'X-Request-Id of the request that brought it.';

COMMENT ON COLUMN eventlog.inbox.format IS 'What kind of text raw is: 1 = the JSON event of POST /publish.';

COMMENT ON COLUMN eventlog.inbox.publisher IS 'Who sent it, once publishers have keys.';

COMMENT ON COLUMN eventlog.inbox.headers IS 'Trace context that came with the request.';

COMMENT ON COLUMN eventlog.inbox.raw IS 'The event''s exact JSON text; NULL only after a recorded erasure.';

COMMENT ON COLUMN eventlog.inbox."timestamp" IS 'The event''s timestamp, as read at the door.';

COMMENT ON COLUMN eventlog.inbox.content_hash IS 'Of the source and the payload''s text: equal hashes are equal contents; different ones may be, too.';

COMMENT ON COLUMN eventlog.inbox.source IS 'The event''s source, as read at the door.';

CREATE VIEW eventlog.events AS
 SELECT topic,
    event_id,
    "timestamp",
    source,
    ( SELECT (i.raw -> 'payload'::text)
           FROM eventlog.inbox i
          WHERE ((i.partition = e.partition) AND (i."position" = e."position"))) AS payload,
    partition,
    "position",
    ( SELECT i.received_at
           FROM eventlog.inbox i
          WHERE ((i.partition = e.partition) AND (i."position" = e."position"))) AS received_at,
    processed_at
   FROM core_1.events e;

COMMENT ON VIEW eventlog.events IS 'The deduplicated events: of each (topic, event_id), the first delivery.';

CREATE TABLE eventlog.failures (
    partition smallint NOT NULL,
    projection text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    failed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    cause text NOT NULL
);

CREATE TABLE eventlog.inbox_0 (
    partition smallint CONSTRAINT inbox_partition_not_null NOT NULL,
    "position" bigint CONSTRAINT inbox_position_not_null NOT NULL,
    received_at timestamp with time zone DEFAULT statement_timestamp() CONSTRAINT inbox_received_at_not_null NOT NULL,
    request_id uuid,
    format smallint DEFAULT 1 CONSTRAINT inbox_format_not_null NOT NULL,
    topic text CONSTRAINT inbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    event_id text CONSTRAINT inbox_event_id_not_null NOT NULL COLLATE pg_catalog."C",
    publisher text,
    headers json,
    raw json,
    "timestamp" timestamp with time zone,
    content_hash bigint,
    source text,
    CONSTRAINT key_fits_an_index CHECK (((octet_length(topic) <= 255) AND (octet_length(event_id) <= 255))),
    CONSTRAINT position_from_one CHECK (("position" >= 1))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.2', fillfactor='100');

CREATE TABLE eventlog.inbox_1 (
    partition smallint CONSTRAINT inbox_partition_not_null NOT NULL,
    "position" bigint CONSTRAINT inbox_position_not_null NOT NULL,
    received_at timestamp with time zone DEFAULT statement_timestamp() CONSTRAINT inbox_received_at_not_null NOT NULL,
    request_id uuid,
    format smallint DEFAULT 1 CONSTRAINT inbox_format_not_null NOT NULL,
    topic text CONSTRAINT inbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    event_id text CONSTRAINT inbox_event_id_not_null NOT NULL COLLATE pg_catalog."C",
    publisher text,
    headers json,
    raw json,
    "timestamp" timestamp with time zone,
    content_hash bigint,
    source text,
    CONSTRAINT key_fits_an_index CHECK (((octet_length(topic) <= 255) AND (octet_length(event_id) <= 255))),
    CONSTRAINT position_from_one CHECK (("position" >= 1))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.2', fillfactor='100');

CREATE TABLE eventlog.inbox_2 (
    partition smallint CONSTRAINT inbox_partition_not_null NOT NULL,
    "position" bigint CONSTRAINT inbox_position_not_null NOT NULL,
    received_at timestamp with time zone DEFAULT statement_timestamp() CONSTRAINT inbox_received_at_not_null NOT NULL,
    request_id uuid,
    format smallint DEFAULT 1 CONSTRAINT inbox_format_not_null NOT NULL,
    topic text CONSTRAINT inbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    event_id text CONSTRAINT inbox_event_id_not_null NOT NULL COLLATE pg_catalog."C",
    publisher text,
    headers json,
    raw json,
    "timestamp" timestamp with time zone,
    content_hash bigint,
    source text,
    CONSTRAINT key_fits_an_index CHECK (((octet_length(topic) <= 255) AND (octet_length(event_id) <= 255))),
    CONSTRAINT position_from_one CHECK (("position" >= 1))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.2', fillfactor='100');

CREATE TABLE eventlog.inbox_3 (
    partition smallint CONSTRAINT inbox_partition_not_null NOT NULL,
    "position" bigint CONSTRAINT inbox_position_not_null NOT NULL,
    received_at timestamp with time zone DEFAULT statement_timestamp() CONSTRAINT inbox_received_at_not_null NOT NULL,
    request_id uuid,
    format smallint DEFAULT 1 CONSTRAINT inbox_format_not_null NOT NULL,
    topic text CONSTRAINT inbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    event_id text CONSTRAINT inbox_event_id_not_null NOT NULL COLLATE pg_catalog."C",
    publisher text,
    headers json,
    raw json,
    "timestamp" timestamp with time zone,
    content_hash bigint,
    source text,
    CONSTRAINT key_fits_an_index CHECK (((octet_length(topic) <= 255) AND (octet_length(event_id) <= 255))),
    CONSTRAINT position_from_one CHECK (("position" >= 1))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.2', fillfactor='100');

CREATE TABLE eventlog.operations (
    id uuid NOT NULL,
    kind text NOT NULL,
    projection text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'running'::text NOT NULL,
    phase text DEFAULT 'starting'::text NOT NULL,
    done bigint DEFAULT 0 NOT NULL,
    total bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    error text,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    cancel_requested boolean DEFAULT false NOT NULL,
    backend_pid integer NOT NULL,
    backend_started_at timestamp with time zone NOT NULL,
    CONSTRAINT finished_when_not_running CHECK (((state = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['rebuild'::text, 'verify'::text, 'drop'::text]))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);

CREATE TABLE eventlog.outbox (
    id bigint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    raw json NOT NULL,
    published_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT key_fits_an_index CHECK (((octet_length(topic) <= 255) AND (octet_length(event_id) <= 255)))
);

CREATE TABLE eventlog.outbox_claim (
    single boolean DEFAULT true NOT NULL,
    CONSTRAINT only_one CHECK (single)
);

ALTER TABLE eventlog.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME eventlog.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE eventlog.partitions (
    partition smallint NOT NULL,
    first_position bigint DEFAULT 1 NOT NULL,
    archived_through bigint DEFAULT 0 NOT NULL,
    CONSTRAINT partition_not_negative CHECK ((partition >= 0)),
    CONSTRAINT replay_starts_after_the_archive CHECK ((first_position = (archived_through + 1)))
);

COMMENT ON TABLE eventlog.partitions IS 'One row a partition. Its row lock is the order lock of the append; their number is fixed for ever.';

CREATE TABLE eventlog.projection_versions (
    projection text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    schema_name text NOT NULL,
    definition text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_by xid8,
    keyed boolean DEFAULT true NOT NULL,
    CONSTRAINT version_from_one CHECK ((version >= 1))
);

COMMENT ON COLUMN eventlog.projection_versions.definition IS 'sha256 of the SQL that defines it: code that differs is another version.';

COMMENT ON COLUMN eventlog.projection_versions.retired_by IS 'The transaction that switched away from it: dropped when no snapshot is older.';

CREATE TABLE eventlog.projections (
    name text NOT NULL COLLATE pg_catalog."C",
    live_version integer,
    last_version integer DEFAULT 1 NOT NULL,
    CONSTRAINT projection_name_is_an_identifier CHECK ((name ~ '^[a-z][a-z0-9_]{0,40}$'::text))
);

COMMENT ON COLUMN eventlog.projections.live_version IS 'NULL while the projection is dropped.';

CREATE TABLE eventlog.quarantine (
    partition smallint NOT NULL,
    projection text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    "position" bigint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    sqlstate text NOT NULL,
    cause text NOT NULL,
    quarantined_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

CREATE TABLE eventlog.refused_publishes (
    id bigint NOT NULL,
    refused_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    request_id uuid NOT NULL,
    status smallint NOT NULL,
    code text NOT NULL,
    pointer text
);

ALTER TABLE eventlog.refused_publishes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME eventlog.refused_publishes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE eventlog.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE VIEW eventlog.stats AS
 SELECT topic,
    (sum(((unique_count + duplicate_count) + quarantined_count)))::bigint AS received,
    (sum(unique_count))::bigint AS unique_processed,
    (sum(duplicate_count))::bigint AS duplicate_dropped,
    (sum(conflict_count))::bigint AS conflicts,
    (sum(quarantined_count))::bigint AS quarantined
   FROM core_1.stats_deltas
  GROUP BY topic;

COMMENT ON VIEW eventlog.stats IS 'What was projected, per topic: received = unique_processed + duplicate_dropped + quarantined.';

CREATE TABLE eventlog.steps (
    partition smallint NOT NULL,
    projection text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    unique_count bigint NOT NULL,
    duplicate_count bigint NOT NULL,
    conflict_count bigint NOT NULL,
    quarantined_count bigint NOT NULL,
    ignored_count bigint DEFAULT 0 NOT NULL,
    projected_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT books_balance CHECK (((((unique_count + duplicate_count) + quarantined_count) + ignored_count) = ((last - first) + 1))),
    CONSTRAINT conflicts_are_duplicates CHECK ((conflict_count <= duplicate_count)),
    CONSTRAINT counts_not_negative CHECK (((unique_count >= 0) AND (duplicate_count >= 0) AND (conflict_count >= 0) AND (quarantined_count >= 0) AND (ignored_count >= 0))),
    CONSTRAINT step_goes_forward CHECK (((first >= 1) AND (last >= first)))
);

CREATE TABLE timeline_1.fresh (
    first bigint NOT NULL,
    minute timestamp with time zone NOT NULL,
    events bigint NOT NULL,
    partition smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE timeline_1.minutes (
    minute timestamp with time zone NOT NULL,
    events bigint NOT NULL,
    partition smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C"
);

CREATE VIEW eventlog.timeline AS
 SELECT partition,
    topic,
    minute,
    (sum(events))::bigint AS events
   FROM ( SELECT minutes.partition,
            minutes.topic,
            minutes.minute,
            minutes.events
           FROM timeline_1.minutes
        UNION ALL
         SELECT fresh.partition,
            fresh.topic,
            fresh.minute,
            fresh.events
           FROM timeline_1.fresh) part
  GROUP BY partition, topic, minute;

COMMENT ON VIEW eventlog.timeline IS 'How many events each topic has in each minute of their own time.';

CREATE TABLE timeline_1.seen (
    "position" bigint NOT NULL,
    partition smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY eventlog.inbox ATTACH PARTITION eventlog.inbox_0 FOR VALUES FROM ('0', MINVALUE) TO ('0', MAXVALUE);

ALTER TABLE ONLY eventlog.inbox ATTACH PARTITION eventlog.inbox_1 FOR VALUES FROM ('1', MINVALUE) TO ('1', MAXVALUE);

ALTER TABLE ONLY eventlog.inbox ATTACH PARTITION eventlog.inbox_2 FOR VALUES FROM ('2', MINVALUE) TO ('2', MAXVALUE);

ALTER TABLE ONLY eventlog.inbox ATTACH PARTITION eventlog.inbox_3 FOR VALUES FROM ('3', MINVALUE) TO ('3', MAXVALUE);

INSERT INTO core_1.conflicts (first_position, "position", partition, topic, event_id) VALUES (1, 3, 0, 'topic.4', 'a');
INSERT INTO core_1.conflicts (first_position, "position", partition, topic, event_id) VALUES (1, 8, 0, 'topic.4', 'a');

INSERT INTO core_1.duplicates (first_position, "position", partition) VALUES (1, 2, 0);
INSERT INTO core_1.duplicates (first_position, "position", partition) VALUES (1, 3, 0);
INSERT INTO core_1.duplicates (first_position, "position", partition) VALUES (1, 2, 1);
INSERT INTO core_1.duplicates (first_position, "position", partition) VALUES (1, 6, 0);
INSERT INTO core_1.duplicates (first_position, "position", partition) VALUES (1, 7, 0);
INSERT INTO core_1.duplicates (first_position, "position", partition) VALUES (1, 8, 0);
INSERT INTO core_1.duplicates (first_position, "position", partition) VALUES (5, 6, 1);

INSERT INTO core_1.events ("position", "timestamp", processed_at, content_hash, partition, topic, event_id, source) VALUES (1, '2025-10-21 10:00:00+00', '2026-11-21 05:45:45.108484+00', -954244941121080306, 0, 'topic.4', 'a', 'shop');
INSERT INTO core_1.events ("position", "timestamp", processed_at, content_hash, partition, topic, event_id, source) VALUES (1, '2025-10-21 10:00:00+00', '2026-11-21 05:45:45.112498+00', -954244941121080306, 1, 'topic.7', 'b', 'shop');
INSERT INTO core_1.events ("position", "timestamp", processed_at, content_hash, partition, topic, event_id, source) VALUES (4, '2025-10-21 10:00:00+00', '2026-11-21 05:45:45.119478+00', -954244941121080306, 0, 'topic.4', 'id-1', 'shop');
INSERT INTO core_1.events ("position", "timestamp", processed_at, content_hash, partition, topic, event_id, source) VALUES (9, '2025-10-21 10:00:00+00', '2026-11-21 05:45:45.525485+00', -954244941121080306, 0, 'topic.4', 'id-2', 'shop');
INSERT INTO core_1.events ("position", "timestamp", processed_at, content_hash, partition, topic, event_id, source) VALUES (5, '2025-10-21 10:00:00+00', '2026-11-21 05:45:45.536595+00', -954244941121080306, 1, 'topic.7', 'late', 'shop');

INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (1, 1, 2, 1, 0, 0, 'topic.4');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (1, 1, 0, 0, 0, 1, 'topic.7');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (4, 1, 0, 0, 0, 0, 'topic.4');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (2, 0, 1, 0, 0, 1, 'topic.7');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (5, 0, 0, 0, 1, 0, 'topic.4');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (6, 0, 1, 0, 0, 0, 'topic.4');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (7, 0, 2, 1, 0, 0, 'topic.4');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (9, 1, 0, 0, 0, 0, 'topic.4');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (3, 0, 0, 0, 1, 1, 'topic.7');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (4, 0, 0, 0, 1, 1, 'topic.7');
INSERT INTO core_1.stats_deltas (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic) VALUES (5, 1, 1, 0, 0, 1, 'topic.7');

INSERT INTO eventlog.claims (partition, projection, version) VALUES (0, 'core', 1);
INSERT INTO eventlog.claims (partition, projection, version) VALUES (1, 'core', 1);
INSERT INTO eventlog.claims (partition, projection, version) VALUES (2, 'core', 1);
INSERT INTO eventlog.claims (partition, projection, version) VALUES (3, 'core', 1);
INSERT INTO eventlog.claims (partition, projection, version) VALUES (0, 'timeline', 1);
INSERT INTO eventlog.claims (partition, projection, version) VALUES (1, 'timeline', 1);
INSERT INTO eventlog.claims (partition, projection, version) VALUES (2, 'timeline', 1);
INSERT INTO eventlog.claims (partition, projection, version) VALUES (3, 'timeline', 1);

INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 1, '2026-11-21 05:45:45.087192+00', '9fe5560d-c104-4fb7-ab92-23bbcb16576c', 1, 'topic.4', 'a', NULL, NULL, '{"topic": "topic.4", "event_id": "a", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 2, '2026-11-21 05:45:45.087192+00', '9fe5560d-c104-4fb7-ab92-23bbcb16576c', 1, 'topic.4', 'a', NULL, NULL, '{"topic": "topic.4", "event_id": "a", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 3, '2026-11-21 05:45:45.087192+00', '9fe5560d-c104-4fb7-ab92-23bbcb16576c', 1, 'topic.4', 'a', NULL, NULL, '{"topic": "topic.4", "event_id": "a", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 2}}', '2025-10-21 10:00:00+00', 5491979751296891071, 'shop');
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 4, '2026-11-21 05:45:45.087192+00', '9fe5560d-c104-4fb7-ab92-23bbcb16576c', 1, 'topic.4', 'id-1', NULL, NULL, '{"topic": "topic.4", "event_id": "id-1", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 5, '2026-11-21 05:45:45.39702+00', NULL, 1, 'topic.4', 'poison', NULL, NULL, '{"timestamp": "now", "source": "shop", "payload": {}}', NULL, NULL, NULL);
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 6, '2026-11-21 05:45:45.40772+00', '9660bbad-2df3-43e1-8e09-5aedddf13d1e', 1, 'topic.4', 'a', NULL, NULL, '{"topic": "topic.4", "event_id": "a", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 7, '2026-11-21 05:45:45.40772+00', '9660bbad-2df3-43e1-8e09-5aedddf13d1e', 1, 'topic.4', 'a', NULL, NULL, '{"topic": "topic.4", "event_id": "a", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 8, '2026-11-21 05:45:45.40772+00', '9660bbad-2df3-43e1-8e09-5aedddf13d1e', 1, 'topic.4', 'a', NULL, NULL, '{"topic": "topic.4", "event_id": "a", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 2}}', '2025-10-21 10:00:00+00', 5491979751296891071, 'shop');
INSERT INTO eventlog.inbox_0 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (0, 9, '2026-11-21 05:45:45.40772+00', '9660bbad-2df3-43e1-8e09-5aedddf13d1e', 1, 'topic.4', 'id-2', NULL, NULL, '{"topic": "topic.4", "event_id": "id-2", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');

INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 1, '2026-11-21 05:45:45.087192+00', '9fe5560d-c104-4fb7-ab92-23bbcb16576c', 1, 'topic.7', 'b', NULL, NULL, '{"topic": "topic.7", "event_id": "b", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 2, '2026-11-21 05:45:45.40772+00', '9660bbad-2df3-43e1-8e09-5aedddf13d1e', 1, 'topic.7', 'b', NULL, NULL, '{"topic": "topic.7", "event_id": "b", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 3, '2026-11-21 05:45:45.408243+00', NULL, 1, 'topic.7', 'b', NULL, NULL, '5', NULL, NULL, NULL);
INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 4, '2026-11-21 05:45:45.40882+00', NULL, 1, 'topic.7', 'late', NULL, NULL, '{"timestamp": "now", "source": "shop", "payload": {}}', NULL, NULL, NULL);
INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 5, '2026-11-21 05:45:45.416533+00', 'e61364cf-a56e-44ff-916d-9d499115cb9e', 1, 'topic.7', 'late', NULL, NULL, '{"topic": "topic.7", "event_id": "late", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 6, '2026-11-21 05:45:45.416533+00', 'e61364cf-a56e-44ff-916d-9d499115cb9e', 1, 'topic.7', 'late', NULL, NULL, '{"topic": "topic.7", "event_id": "late", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 7, '2026-11-21 05:45:45.827534+00', 'b6619996-ffe6-4fb9-a8da-9a04d6d7cba6', 1, 'topic.7', 'pending', NULL, NULL, '{"topic": "topic.7", "event_id": "pending", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');
INSERT INTO eventlog.inbox_1 (partition, "position", received_at, request_id, format, topic, event_id, publisher, headers, raw, "timestamp", content_hash, source) VALUES (1, 8, '2026-11-21 05:45:45.827534+00', 'b6619996-ffe6-4fb9-a8da-9a04d6d7cba6', 1, 'topic.7', 'b', NULL, NULL, '{"topic": "topic.7", "event_id": "b", "timestamp": "2025-10-21T10:00:00.000Z", "source": "shop", "payload": {"n": 1}}', '2025-10-21 10:00:00+00', -954244941121080306, 'shop');

INSERT INTO eventlog.outbox_claim (single) VALUES (true);

INSERT INTO eventlog.partitions (partition, first_position, archived_through) VALUES (0, 1, 0);
INSERT INTO eventlog.partitions (partition, first_position, archived_through) VALUES (1, 1, 0);
INSERT INTO eventlog.partitions (partition, first_position, archived_through) VALUES (2, 1, 0);
INSERT INTO eventlog.partitions (partition, first_position, archived_through) VALUES (3, 1, 0);

INSERT INTO eventlog.projection_versions (projection, version, schema_name, definition, created_at, retired_by, keyed) VALUES ('core', 1, 'core_1', 'ac87aca5e4b2ffde2be2d40982891346074bb46781658e4f7cf47a840af9c5d8', '2026-11-21 05:45:45.028196+00', NULL, true);
INSERT INTO eventlog.projection_versions (projection, version, schema_name, definition, created_at, retired_by, keyed) VALUES ('timeline', 1, 'timeline_1', '151398611ec4cd809cb43dc7cd9b1558e6c25076b4ca727e401363ce9f91e6b7', '2026-11-21 05:45:45.028196+00', NULL, true);

INSERT INTO eventlog.projections (name, live_version, last_version) VALUES ('core', 1, 1);
INSERT INTO eventlog.projections (name, live_version, last_version) VALUES ('timeline', 1, 1);

INSERT INTO eventlog.quarantine (partition, projection, version, "position", topic, event_id, sqlstate, cause, quarantined_at) VALUES (0, 'core', 1, 5, 'topic.4', 'poison', '22000', 'timestamp is no date and time', '2026-11-21 05:45:45.492811+00');
INSERT INTO eventlog.quarantine (partition, projection, version, "position", topic, event_id, sqlstate, cause, quarantined_at) VALUES (1, 'core', 1, 3, 'topic.7', 'b', '22023', 'cannot call populate_composite on a scalar', '2026-11-21 05:45:45.527539+00');
INSERT INTO eventlog.quarantine (partition, projection, version, "position", topic, event_id, sqlstate, cause, quarantined_at) VALUES (1, 'core', 1, 4, 'topic.7', 'late', '22000', 'timestamp is no date and time', '2026-11-21 05:45:45.532646+00');
INSERT INTO eventlog.quarantine (partition, projection, version, "position", topic, event_id, sqlstate, cause, quarantined_at) VALUES (0, 'timeline', 1, 5, 'topic.4', 'poison', '22000', 'timestamp is no date and time', '2026-11-21 05:45:45.545072+00');
INSERT INTO eventlog.quarantine (partition, projection, version, "position", topic, event_id, sqlstate, cause, quarantined_at) VALUES (1, 'timeline', 1, 4, 'topic.7', 'late', '22000', 'timestamp is no date and time', '2026-11-21 05:45:45.560826+00');

INSERT INTO eventlog.schema_migrations (version, name, checksum, applied_at) VALUES (1, '0001_log', '0f6a4eb9fee281eed054ffa140093b476803f9e391dcdf31672f524cf013a54b', '2026-11-21 05:45:44.93811+00');
INSERT INTO eventlog.schema_migrations (version, name, checksum, applied_at) VALUES (2, '0002_operations', '790c376ffe0d81be5fd351b15fd8622fd4f273753946f31fa1b0b9f6e4e967a1', '2026-11-21 05:45:44.93811+00');

INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'core', 1, 1, 3, 1, 2, 1, 0, 0, '2026-11-21 05:45:45.109666+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'core', 1, 1, 1, 1, 0, 0, 0, 0, '2026-11-21 05:45:45.112908+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'timeline', 1, 1, 3, 1, 2, 0, 0, 0, '2026-11-21 05:45:45.115712+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'core', 1, 4, 4, 1, 0, 0, 0, 0, '2026-11-21 05:45:45.119784+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'timeline', 1, 4, 4, 1, 0, 0, 0, 0, '2026-11-21 05:45:45.126262+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'timeline', 1, 1, 1, 1, 0, 0, 0, 0, '2026-11-21 05:45:45.133602+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'core', 1, 2, 2, 0, 1, 0, 0, 0, '2026-11-21 05:45:45.489022+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'core', 1, 5, 5, 0, 0, 0, 1, 0, '2026-11-21 05:45:45.497606+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'core', 1, 6, 6, 0, 1, 0, 0, 0, '2026-11-21 05:45:45.50374+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'core', 1, 7, 8, 0, 2, 1, 0, 0, '2026-11-21 05:45:45.517158+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'core', 1, 9, 9, 1, 0, 0, 0, 0, '2026-11-21 05:45:45.527638+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'core', 1, 3, 3, 0, 0, 0, 1, 0, '2026-11-21 05:45:45.52977+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'core', 1, 4, 4, 0, 0, 0, 1, 0, '2026-11-21 05:45:45.534748+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'core', 1, 5, 6, 1, 1, 0, 0, 0, '2026-11-21 05:45:45.536932+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'timeline', 1, 5, 5, 0, 0, 0, 1, 0, '2026-11-21 05:45:45.54721+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'timeline', 1, 2, 3, 0, 2, 0, 0, 0, '2026-11-21 05:45:45.548566+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'timeline', 1, 6, 7, 0, 2, 0, 0, 0, '2026-11-21 05:45:45.55959+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'timeline', 1, 4, 4, 0, 0, 0, 1, 0, '2026-11-21 05:45:45.561206+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (0, 'timeline', 1, 8, 9, 1, 1, 0, 0, 0, '2026-11-21 05:45:45.564617+00');
INSERT INTO eventlog.steps (partition, projection, version, first, last, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at) VALUES (1, 'timeline', 1, 5, 6, 1, 1, 0, 0, 0, '2026-11-21 05:45:45.566495+00');

INSERT INTO timeline_1.fresh (first, minute, events, partition, topic) VALUES (1, '2025-10-21 10:00:00+00', 1, 0, 'topic.4');
INSERT INTO timeline_1.fresh (first, minute, events, partition, topic) VALUES (4, '2025-10-21 10:00:00+00', 1, 0, 'topic.4');
INSERT INTO timeline_1.fresh (first, minute, events, partition, topic) VALUES (1, '2025-10-21 10:00:00+00', 1, 1, 'topic.7');
INSERT INTO timeline_1.fresh (first, minute, events, partition, topic) VALUES (8, '2025-10-21 10:00:00+00', 1, 0, 'topic.4');
INSERT INTO timeline_1.fresh (first, minute, events, partition, topic) VALUES (5, '2025-10-21 10:00:00+00', 1, 1, 'topic.7');

INSERT INTO timeline_1.seen ("position", partition, topic, event_id) VALUES (1, 0, 'topic.4', 'a');
INSERT INTO timeline_1.seen ("position", partition, topic, event_id) VALUES (4, 0, 'topic.4', 'id-1');
INSERT INTO timeline_1.seen ("position", partition, topic, event_id) VALUES (1, 1, 'topic.7', 'b');
INSERT INTO timeline_1.seen ("position", partition, topic, event_id) VALUES (9, 0, 'topic.4', 'id-2');
INSERT INTO timeline_1.seen ("position", partition, topic, event_id) VALUES (5, 1, 'topic.7', 'late');

SELECT pg_catalog.setval('eventlog.outbox_id_seq', 1, false);

SELECT pg_catalog.setval('eventlog.refused_publishes_id_seq', 1, false);

ALTER TABLE ONLY core_1.conflicts
    ADD CONSTRAINT conflict_of_duplicate PRIMARY KEY (partition, "position");

ALTER TABLE ONLY core_1.stats_deltas
    ADD CONSTRAINT delta_of_step PRIMARY KEY (partition, topic, first);

ALTER TABLE ONLY core_1.duplicates
    ADD CONSTRAINT duplicate_of_first PRIMARY KEY (partition, first_position, "position");

ALTER TABLE ONLY core_1.events
    ADD CONSTRAINT event_once PRIMARY KEY (partition, topic, event_id);

ALTER TABLE ONLY eventlog.claims
    ADD CONSTRAINT claim_of_one_partition PRIMARY KEY (partition, projection, version);

ALTER TABLE ONLY eventlog.inbox
    ADD CONSTRAINT delivery_by_position PRIMARY KEY (partition, "position");

ALTER TABLE ONLY eventlog.failures
    ADD CONSTRAINT failure_at_moment PRIMARY KEY (partition, projection, version, failed_at);

ALTER TABLE ONLY eventlog.inbox_0
    ADD CONSTRAINT inbox_0_pkey PRIMARY KEY (partition, "position");

ALTER TABLE ONLY eventlog.inbox_1
    ADD CONSTRAINT inbox_1_pkey PRIMARY KEY (partition, "position");

ALTER TABLE ONLY eventlog.inbox_2
    ADD CONSTRAINT inbox_2_pkey PRIMARY KEY (partition, "position");

ALTER TABLE ONLY eventlog.inbox_3
    ADD CONSTRAINT inbox_3_pkey PRIMARY KEY (partition, "position");

ALTER TABLE ONLY eventlog.schema_migrations
    ADD CONSTRAINT migration_by_version PRIMARY KEY (version);

ALTER TABLE ONLY eventlog.outbox_claim
    ADD CONSTRAINT one_outbox_claim PRIMARY KEY (single);

ALTER TABLE ONLY eventlog.operations
    ADD CONSTRAINT operation_by_id PRIMARY KEY (id);

ALTER TABLE ONLY eventlog.outbox
    ADD CONSTRAINT outbox_in_order PRIMARY KEY (id);

ALTER TABLE ONLY eventlog.partitions
    ADD CONSTRAINT partitions_by_number PRIMARY KEY (partition);

ALTER TABLE ONLY eventlog.projections
    ADD CONSTRAINT projection_by_name PRIMARY KEY (name);

ALTER TABLE ONLY eventlog.quarantine
    ADD CONSTRAINT quarantined_delivery PRIMARY KEY (partition, projection, version, "position");

ALTER TABLE ONLY eventlog.refused_publishes
    ADD CONSTRAINT refused_in_order PRIMARY KEY (id);

ALTER TABLE ONLY eventlog.steps
    ADD CONSTRAINT step_by_first_position PRIMARY KEY (partition, projection, version, first);

ALTER TABLE ONLY eventlog.projection_versions
    ADD CONSTRAINT version_of_projection PRIMARY KEY (projection, version);

ALTER TABLE ONLY timeline_1.fresh
    ADD CONSTRAINT delta_of_minute PRIMARY KEY (partition, topic, minute, first);

ALTER TABLE ONLY timeline_1.minutes
    ADD CONSTRAINT minute_of_topic PRIMARY KEY (partition, topic, minute);

ALTER TABLE ONLY timeline_1.seen
    ADD CONSTRAINT seen_once PRIMARY KEY (partition, topic, event_id);

CREATE INDEX events_by_time ON core_1.events USING btree (partition, "timestamp", topic, event_id);

CREATE UNIQUE INDEX one_change_and_one_check ON eventlog.operations USING btree (projection, ((kind = 'verify'::text))) WHERE (state = 'running'::text);

CREATE INDEX operations_by_start ON eventlog.operations USING btree (started_at);

CREATE INDEX quarantine_by_event ON eventlog.quarantine USING btree (partition, topic, event_id);

ALTER INDEX eventlog.delivery_by_position ATTACH PARTITION eventlog.inbox_0_pkey;

ALTER INDEX eventlog.delivery_by_position ATTACH PARTITION eventlog.inbox_1_pkey;

ALTER INDEX eventlog.delivery_by_position ATTACH PARTITION eventlog.inbox_2_pkey;

ALTER INDEX eventlog.delivery_by_position ATTACH PARTITION eventlog.inbox_3_pkey;

CREATE TRIGGER log_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON eventlog.inbox FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();

CREATE TRIGGER log_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON eventlog.inbox_0 FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();

CREATE TRIGGER log_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON eventlog.inbox_1 FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();

CREATE TRIGGER log_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON eventlog.inbox_2 FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();

CREATE TRIGGER log_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON eventlog.inbox_3 FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();

ALTER TABLE ONLY eventlog.claims
    ADD CONSTRAINT claim_of_a_version FOREIGN KEY (projection, version) REFERENCES eventlog.projection_versions(projection, version);

ALTER TABLE ONLY eventlog.projections
    ADD CONSTRAINT live_version_exists FOREIGN KEY (name, live_version) REFERENCES eventlog.projection_versions(projection, version);

ALTER TABLE ONLY eventlog.projection_versions
    ADD CONSTRAINT version_belongs_to_projection FOREIGN KEY (projection) REFERENCES eventlog.projections(name);

GRANT USAGE ON SCHEMA core_1 TO eventlog_projector;
GRANT USAGE ON SCHEMA core_1 TO eventlog_reader;

GRANT USAGE ON SCHEMA eventlog TO eventlog_appender;
GRANT USAGE ON SCHEMA eventlog TO eventlog_projector;
GRANT USAGE ON SCHEMA eventlog TO eventlog_reader;

GRANT USAGE ON SCHEMA timeline_1 TO eventlog_projector;
GRANT USAGE ON SCHEMA timeline_1 TO eventlog_reader;

REVOKE ALL ON FUNCTION eventlog.checkpoint_of(wanted_projection text, wanted_version integer, wanted_partition smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION eventlog.checkpoint_of(wanted_projection text, wanted_version integer, wanted_partition smallint) TO eventlog_projector;
GRANT ALL ON FUNCTION eventlog.checkpoint_of(wanted_projection text, wanted_version integer, wanted_partition smallint) TO eventlog_reader;

REVOKE ALL ON FUNCTION eventlog.create_partitions(wanted integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION eventlog.event_fault(event json) FROM PUBLIC;

REVOKE ALL ON FUNCTION eventlog.head_of(wanted smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION eventlog.head_of(wanted smallint) TO eventlog_projector;
GRANT ALL ON FUNCTION eventlog.head_of(wanted smallint) TO eventlog_reader;

REVOKE ALL ON FUNCTION eventlog.indigestible(cause text) FROM PUBLIC;
GRANT ALL ON FUNCTION eventlog.indigestible(cause text) TO eventlog_projector;

REVOKE ALL ON FUNCTION eventlog.lock_claim(wanted_projection text, wanted_version integer, wanted_partition smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION eventlog.lock_claim(wanted_projection text, wanted_version integer, wanted_partition smallint) TO eventlog_projector;

REVOKE ALL ON FUNCTION eventlog.lock_outbox() FROM PUBLIC;
GRANT ALL ON FUNCTION eventlog.lock_outbox() TO eventlog_appender;

REVOKE ALL ON FUNCTION eventlog.lock_partitions(wanted smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION eventlog.lock_partitions(wanted smallint[]) TO eventlog_appender;

REVOKE ALL ON FUNCTION eventlog.partition_of(topic text, partitions integer) FROM PUBLIC;
GRANT ALL ON FUNCTION eventlog.partition_of(topic text, partitions integer) TO eventlog_reader;

REVOKE ALL ON FUNCTION eventlog.publish_events(events json) FROM PUBLIC;

REVOKE ALL ON FUNCTION eventlog.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION eventlog.unplug_views(wanted_schema text, wanted_projection text) FROM PUBLIC;

GRANT SELECT,INSERT,DELETE ON TABLE core_1.conflicts TO eventlog_projector;
GRANT SELECT ON TABLE core_1.conflicts TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE core_1.duplicates TO eventlog_projector;
GRANT SELECT ON TABLE core_1.duplicates TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE core_1.events TO eventlog_projector;
GRANT SELECT ON TABLE core_1.events TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE core_1.stats_deltas TO eventlog_projector;
GRANT SELECT ON TABLE core_1.stats_deltas TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.claims TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.claims TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.conflicts TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.duplicates TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.inbox TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.inbox TO eventlog_reader;

GRANT INSERT(partition) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT("position") ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(request_id) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(format) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(topic) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(event_id) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(publisher) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(headers) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(raw) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT("timestamp") ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(content_hash) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT INSERT(source) ON TABLE eventlog.inbox TO eventlog_appender;

GRANT SELECT ON TABLE eventlog.events TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE eventlog.failures TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.failures TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.inbox_0 TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.inbox_1 TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.inbox_2 TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.inbox_3 TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.operations TO eventlog_reader;

GRANT SELECT,DELETE ON TABLE eventlog.outbox TO eventlog_appender;
GRANT SELECT ON TABLE eventlog.outbox TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.outbox_claim TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.partitions TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.partitions TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.projection_versions TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.projection_versions TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.projections TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.projections TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE eventlog.quarantine TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.quarantine TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE eventlog.refused_publishes TO eventlog_appender;
GRANT SELECT ON TABLE eventlog.refused_publishes TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.schema_migrations TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.stats TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE eventlog.steps TO eventlog_projector;
GRANT SELECT ON TABLE eventlog.steps TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE timeline_1.fresh TO eventlog_projector;
GRANT SELECT ON TABLE timeline_1.fresh TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE timeline_1.minutes TO eventlog_projector;
GRANT SELECT ON TABLE timeline_1.minutes TO eventlog_reader;

GRANT SELECT ON TABLE eventlog.timeline TO eventlog_reader;

GRANT SELECT,INSERT,DELETE ON TABLE timeline_1.seen TO eventlog_projector;
GRANT SELECT ON TABLE timeline_1.seen TO eventlog_reader;

