CREATE OR REPLACE VIEW audit.refused_publishes AS
SELECT refused_at, status, code, pointer, request_id, id, source, times
FROM eventlog.refused_publishes;

COMMENT ON VIEW audit.refused_publishes IS
    'Publishes that were answered with an error, the first and the latest of each kind: what was wrong, never the body.';
COMMENT ON COLUMN audit.refused_publishes.refused_at IS 'When.';
COMMENT ON COLUMN audit.refused_publishes.status IS 'The HTTP status of the answer.';
COMMENT ON COLUMN audit.refused_publishes.code IS 'What was wrong, as the answer said.';
COMMENT ON COLUMN audit.refused_publishes.pointer IS 'Where in the body, a JSON Pointer.';
COMMENT ON COLUMN audit.refused_publishes.request_id IS 'X-Request-Id of the answer.';
COMMENT ON COLUMN audit.refused_publishes.id IS 'Grows with every refusal.';
COMMENT ON COLUMN audit.refused_publishes.source IS 'The address it came from, or its network (IPv6); empty where it is not known.';
COMMENT ON COLUMN audit.refused_publishes.times IS 'How many refusals of its source, status and code this row stands for.';
