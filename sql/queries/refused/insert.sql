INSERT INTO eventlog.refused_publishes (request_id, status, code, pointer, source, times)
SELECT request_id, status, code, pointer, source, times
FROM unnest(
    %(request_ids)s::uuid[], %(statuses)s::smallint[], %(codes)s::text[], %(pointers)s::text[],
    %(sources)s::text[], %(times)s::bigint[]
) AS refused (request_id, status, code, pointer, source, times)
