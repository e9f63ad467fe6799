"""Problems: what every error looks like on the wire (RFC 9457), and which code each error of ours has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.error_codes import CODES
from eventlog.audit.errors import (
    AuditBusy,
    AuditUnavailable,
    QuestionRefused,
    StatementFailed,
)
from eventlog.errors import (
    ContentRefused,
    DatabaseUnavailable,
    DataDamaged,
    DiskFull,
    EventlogError,
    LogRewound,
    LogSubscribed,
    OutcomeUnknown,
    QueueFull,
    ReadTooLarge,
    Refused,
    SchemaMismatch,
)
from eventlog.events import Fault
from eventlog.keys.errors import (
    BeyondMinter,
    KeyRevoked,
    KeyUnknown,
    QuotaExceeded,
    TooManyKeys,
    TooManySecrets,
)
from projections.errors import OperationRefused, ProjectionDropped, ProjectionOutdated, ProjectionUnknown

CONTENT_TYPE = "application/problem+json"
# How often each problem was answered since this process started: all codes are ours, so they are few.
answered: Counter[tuple[int, str]] = Counter()


MEANINGS = "for programs: it stays. " + "; ".join(f"`{code}`: {rule.meaning}" for code, rule in CODES.items())


class ProblemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: Annotated[str, Meta(description="for people")]
    code: Annotated[str, Meta(description=MEANINGS, extra_json_schema={"enum": list(CODES)})]
    request_id: str
    retryable: Annotated[bool, Meta(description="whether the same request may succeed later")]
    sqlstate: Annotated[str | UnsetType, Meta(description="of a statement that failed, in POST /sql")] = UNSET
    message: Annotated[str | UnsetType, Meta(description="what PostgreSQL says of it")] = UNSET
    hint: Annotated[str | UnsetType | None, Meta(description="what PostgreSQL advises")] = UNSET
    position: Annotated[int | UnsetType | None, Meta(description="a character of the statement, from 1")] = (
        UNSET
    )
    errors: Annotated[Sequence[Fault] | UnsetType, Meta(description="what is wrong with the content")] = UNSET


class Problem(Exception):
    """An answer that is an error. `detail` is for people, `code` for programs, `members` are its own.

    Status and Retry-After are those of the code. after: in how many seconds to try again, where the error
    knows better than the table.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        after: int | None = None,
        errors: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        rule = CODES[code]
        self.code = code
        self.status = rule.status
        self.after = rule.after if after is None else after
        self.retryable = self.after is not None or rule.retryable
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        if self.after is not None:
            self.headers = {"Retry-After": str(self.after), **self.headers}
        self.members = members or {}

    def messages(self, request_id: object) -> tuple[dict[str, object], dict[str, object]]:
        """Return the ASGI messages that answer with this problem: the start and the whole body. Counts it."""
        answered[self.status, self.code] += 1
        body = self.body(str(request_id))
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(body)), **self.headers}
        start = {
            "type": "http.response.start",
            "status": self.status,
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
        return start, {"type": "http.response.body", "body": body}

    def body(self, request_id: str) -> bytes:
        """Return the problem document."""
        document = ProblemAnswer(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
            request_id=request_id,
            retryable=self.retryable,
            errors=self.errors or UNSET,
            **self.members,
        )
        return msgspec.json.encode(document)


# Ours → code. The first class that fits holds, so the narrow ones stand first.
TABLE: tuple[tuple[type[EventlogError], str], ...] = (
    (OutcomeUnknown, "outcome_unknown"),
    (DatabaseUnavailable, "database_unavailable"),
    (LogSubscribed, "log_subscribed"),
    (QueueFull, "queue_full"),
    (SchemaMismatch, "schema_mismatch"),
    (ProjectionDropped, "projection_dropped"),
    (DiskFull, "disk_full"),
    (DataDamaged, "data_damaged"),
    (ContentRefused, "content_refused"),
    (ProjectionUnknown, "not_found"),
    (LogRewound, "log_rewound"),
    (ReadTooLarge, "read_too_large"),
    (ProjectionOutdated, "projection_outdated"),
    (OperationRefused, "operation_running"),
    (QuotaExceeded, "quota_exceeded"),
    (KeyUnknown, "not_found"),
    (KeyRevoked, "key_is_revoked"),
    (TooManyKeys, "too_many_keys"),
    (TooManySecrets, "too_many_keys"),
    (BeyondMinter, "scope"),
    (AuditBusy, "audit_busy"),
    (AuditUnavailable, "audit_unavailable"),
)
AWAY = (
    "the database cannot be reached, or does not let this service in; its log and `eventlog doctor` tell why"
)
ADVICE = {"outcome_unknown": "; publish again with the same event_id: what is there already counts once"}


def problem_for(error: Exception) -> Problem:
    """Return the problem that an exception is answered with; 500 for what only a bug can raise."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return Problem(error.code, error.detail, errors=error.faults)
    if isinstance(error, QuestionRefused):
        return Problem(error.code, str(error))
    if isinstance(error, StatementFailed):
        return _statement_problem(error)
    for kind, code in TABLE:
        if isinstance(error, kind):
            after = error.after_seconds if isinstance(error, AuditBusy | QuotaExceeded) else None
            return Problem(code, f"{_outward(error)}{ADVICE.get(code, '')}", after=after)
    return Problem("internal_error", "a bug of ours; the log of the service has it by request_id")


def _outward(error: EventlogError) -> str:
    """Return what callers are told: nothing about hosts, users and paths."""
    return AWAY if error.names_server else str(error)


def _statement_problem(error: StatementFailed) -> Problem:
    """Say what is wrong with a statement: it is the asker's own, so PostgreSQL's words are for them."""
    return Problem(
        error.code,
        f"the statement failed: {error.message}",
        members={
            "sqlstate": error.sqlstate,
            "message": error.message,
            "hint": error.hint,
            "position": error.position,
        },
    )


def wrong_method(allow: str) -> Problem:
    """Return the answer to a method that a route does not have."""
    return Problem("method_not_allowed", f"this route answers {allow}", headers={"Allow": allow})
