"""The one table of errors: what each code means, its HTTP status, and when to try again.

Whoever answers with an error names a code; the rest is said here and nowhere else. A code has one status and
one Retry-After. Only an error that knows better when it will be over says so itself (`Problem.after`).
"""

from typing import NamedTuple


class CodeRule(NamedTuple):
    """What a code means. Without `after` it is no use to try again, unless it is `retryable` at any time."""

    status: int
    meaning: str
    after: int | None = None
    retryable: bool = False


AT_ANY_TIME = True
CODES: dict[str, CodeRule] = {
    # The request as HTTP
    "invalid_http": CodeRule(400, "it is no valid HTTP/1.1 request"),
    "tls_required": CodeRule(400, "it is plain HTTP where TLS is spoken"),
    "trailers_refused": CodeRule(400, "there are headers behind the body"),
    "incomplete_request": CodeRule(400, "the connection ended in the middle of it"),
    "duplicate_host": CodeRule(400, "there are several Host headers"),
    "invalid_path": CodeRule(400, "the path is no percent-encoded UTF-8"),
    "not_found": CodeRule(404, "there is no such route or thing"),
    "method_not_allowed": CodeRule(405, "the route has other methods: see Allow"),
    "not_acceptable": CodeRule(406, "Accept takes nothing of what there is"),
    "headers_too_slow": CodeRule(408, "its headers took too long", None, AT_ANY_TIME),
    "body_too_slow": CodeRule(408, "its body took too long", None, AT_ANY_TIME),
    "exporter_waits": CodeRule(
        503, "OTLP: for now it cannot be taken, whatever the reason: send it again", 4
    ),
    "target_too_long": CodeRule(414, "path and query are too long"),
    "host_not_allowed": CodeRule(421, "the service does not answer for this host"),
    "headers_too_large": CodeRule(431, "there are too many headers, or too long ones"),
    "foreign_origin": CodeRule(403, "a page of another origin sent it"),
    "unsupported_content_encoding": CodeRule(415, "the body is encoded"),
    "invalid_compression": CodeRule(400, "the body is not packed as it says"),
    "unsupported_charset": CodeRule(415, "the body is not in UTF-8"),
    "unsupported_media_type": CodeRule(415, "the body is of another type: see Accept-Post"),
    "unexpected_body": CodeRule(422, "there is a body where none is read"),
    "invalid_parameter": CodeRule(422, "a parameter is wrong; `errors` names each"),
    "invalid_query": CodeRule(422, "the query is no percent-encoded UTF-8, or too long"),
    # Who asks
    "unauthorized": CodeRule(401, "a key is needed"),
    "key_expired": CodeRule(401, "the key is expired, or was rotated"),
    "key_revoked": CodeRule(401, "the key is revoked"),
    "signature_refused": CodeRule(401, "the webhook was not signed by who knows its secret, or too long ago"),
    "scope": CodeRule(403, "the key may not do that"),
    "quota_exceeded": CodeRule(429, "the key has used up a quota: see RateLimit", 1),
    "key_suspended": CodeRule(503, "the key is suspended for now", 30),
    "keys_unknown": CodeRule(503, "the keys cannot be read now", 1),
    # Keys over HTTP
    "key_is_revoked": CodeRule(409, "the key is revoked, and stays so"),
    "too_many_keys": CodeRule(409, "there are as many keys, or secrets of one, as there may be"),
    # The body
    "empty_body": CodeRule(400, "the body is empty"),
    "empty_batch": CodeRule(400, "the batch has no events"),
    "invalid_json": CodeRule(400, "the body is no JSON"),
    "invalid_utf8": CodeRule(400, "the body is not UTF-8"),
    "invalid_encoding": CodeRule(400, "the body has a byte order mark, or is UTF-16 or UTF-32"),
    "nul_character": CodeRule(400, "a text has the character NUL"),
    "lone_surrogate": CodeRule(400, "a text has half of a surrogate pair"),
    "number_out_of_range": CodeRule(400, "a number is one that PostgreSQL cannot hold"),
    "too_deep": CodeRule(400, "it nests too deep"),
    "content_refused": CodeRule(400, "PostgreSQL refuses the content"),
    "body_too_large": CodeRule(413, "the body is too large"),
    "event_too_large": CodeRule(413, "an event is too large"),
    "batch_too_large": CodeRule(413, "there are too many events"),
    "invalid_envelope": CodeRule(422, "an envelope has another member than events"),
    "invalid_event": CodeRule(422, "events have faults of several kinds; `errors` names each"),
    "not_an_event": CodeRule(422, "it is no JSON object"),
    "too_many_fields": CodeRule(422, "an event has too many fields"),
    "duplicate_key": CodeRule(422, "a key stands twice among an event's own"),
    "missing_field": CodeRule(422, "a field is missing"),
    "invalid_field": CodeRule(422, "a field is wrong"),
    "invalid_topic": CodeRule(422, "the topic breaks a rule"),
    "invalid_event_id": CodeRule(422, "the event_id breaks a rule"),
    "invalid_timestamp": CodeRule(422, "the timestamp breaks a rule"),
    "invalid_source": CodeRule(422, "the source breaks a rule"),
    "invalid_payload": CodeRule(422, "the payload is no JSON object"),
    # Reading
    "event_not_found": CodeRule(404, "no such event was delivered"),
    "event_pending": CodeRule(404, "the event is delivered and not yet projected", None, AT_ANY_TIME),
    "event_quarantined": CodeRule(404, "all deliveries of the event are in quarantine"),
    "delivery_not_found": CodeRule(404, "the log has no such delivery"),
    "log_rewound": CodeRule(409, "the place lies beyond the log, which was restored, or is of another log"),
    "read_too_large": CodeRule(422, "the read would take too much or too long: ask for less"),
    "read_too_long": CodeRule(503, "the database is slow", 5),
    "reads_busy": CodeRule(503, "many read at once", 2),
    "too_many_streams": CodeRule(503, "many streams are served", 5),
    "reader_too_slow": CodeRule(503, "the reader of a stream did not keep up", None, AT_ANY_TIME),
    # Operating
    "not_quarantined": CodeRule(404, "the delivery is not in quarantine"),
    "projection_outdated": CodeRule(409, "the projection was made by other code: rebuild it"),
    "operation_running": CodeRule(409, "another operation on the projection is under way", 5),
    "retry_died": CodeRule(409, "the process that played the event again died"),
    "retries_busy": CodeRule(503, "other retries are under way", 5),
    "retry_too_long": CodeRule(503, "the retry took too long", None, AT_ANY_TIME),
    "operations_busy": CodeRule(503, "other operations are under way", 30),
    # SQL
    "sql_disabled": CodeRule(403, "questions in SQL are off here"),
    "question_unknown": CodeRule(404, "there is no such saved question"),
    "statement_empty": CodeRule(422, "there is no statement"),
    "statement_too_long": CodeRule(422, "the statement is too long"),
    "statement_failed": CodeRule(422, "PostgreSQL refused the statement"),
    "statement_timed_out": CodeRule(422, "the statement took too long"),
    "asker_left": CodeRule(422, "the asker had left before the statement ended, which nobody is told"),
    "statement_without_rows": CodeRule(422, "the statement answers without rows"),
    "row_too_large": CodeRule(422, "a row is too large"),
    "too_many_parameters": CodeRule(422, "the statement has too many parameters"),
    "parameter_missing": CodeRule(422, "a parameter is missing"),
    "parameter_unknown": CodeRule(422, "a parameter is unknown"),
    "parameter_too_long": CodeRule(422, "a parameter is too long"),
    "nul_in_text": CodeRule(422, "a statement or parameter has the character NUL"),
    "surrogate_in_text": CodeRule(422, "a statement or parameter has half of a surrogate pair"),
    "audit_busy": CodeRule(503, "as many statements run as may", 1),
    "audit_unavailable": CodeRule(503, "no session can be had that may read the audit views alone", 30),
    # The service
    "internal_error": CodeRule(500, "a bug of ours"),
    "data_damaged": CodeRule(500, "PostgreSQL met a damaged page"),
    "outcome_unknown": CodeRule(
        503, "the answer to COMMIT was lost: publish again with the same event_id", 1
    ),
    "database_unavailable": CodeRule(503, "the database is away", 1),
    "log_subscribed": CodeRule(503, "the log is a copy, which logical replication writes", 30),
    "queue_full": CodeRule(503, "the writer has too much to do", 1),
    "schema_mismatch": CodeRule(503, "the database and this code do not fit", 5),
    "projection_dropped": CodeRule(503, "the projection is dropped", 30),
    "too_many_connections": CodeRule(503, "there are too many connections", 1),
    "disk_full": CodeRule(507, "the database's disk is full", 30),
}
