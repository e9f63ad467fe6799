-- First 4 bytes of sha256(UTF-8 of topic), as an unsigned integer, mod the number of partitions.
-- The same vectors are tested here and in eventlog/log/partitions.py.
CREATE OR REPLACE FUNCTION eventlog.partition_of(topic text, partitions integer)
RETURNS smallint
LANGUAGE sql
IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    ('x' || encode(substring(sha256(convert_to(topic, 'UTF8')) FROM 1 FOR 4), 'hex'))::bit(32)::bigint
    & 4294967295
) % partitions;
