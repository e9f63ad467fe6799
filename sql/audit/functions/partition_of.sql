-- SECURITY DEFINER, since the auditor reads nothing but views.
CREATE OR REPLACE FUNCTION audit.partition_of(topic text)
RETURNS smallint
LANGUAGE sql
STABLE STRICT SECURITY DEFINER PARALLEL SAFE
SET search_path = eventlog, pg_temp
AS $$
    SELECT eventlog.partition_of(topic, (SELECT count(*)::integer FROM eventlog.partitions))
$$;

COMMENT ON FUNCTION audit.partition_of(text) IS 'The partition in which a topic lives.';
