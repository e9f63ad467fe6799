INSERT INTO eventlog.refused_publishes (request_id, status, code, pointer)
SELECT request_id, status, code, pointer
FROM unnest(%(request_ids)s::uuid[], %(statuses)s::smallint[], %(codes)s::text[], %(pointers)s::text[])
    AS refused (request_id, status, code, pointer)
