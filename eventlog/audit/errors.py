"""What can go wrong with a question in SQL."""

from eventlog.errors import EventlogError


class QuestionRefused(EventlogError):
    """A statement or its parameters cannot even be asked; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


class QuestionUnknown(QuestionRefused):
    """There is no saved question `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "question_unknown",
            f"there is no saved question {name[:100]!r}: `eventlog sql --list` or GET /sql/questions "
            "has them",
        )


class StatementFailed(EventlogError):
    """An auditor's statement failed: by its own fault, or because it ran into a limit.

    `position` counts characters of the statement from 1.
    """

    def __init__(
        self, code: str, sqlstate: str, message: str, *, hint: str | None = None, position: int | None = None
    ) -> None:
        self.code = code
        self.sqlstate = sqlstate
        self.message = message
        self.hint = hint
        self.position = position
        super().__init__(message)


class AuditUnavailable(EventlogError):
    """No session can be had that may read the audit views and do nothing else."""


class AuditBusy(AuditUnavailable):
    """As many statements of auditors run as may at once, or as many run over their time as may at all.

    Answered as 503 `audit_busy`. Raised by eventlog/audit/sessions.py and login.py; while much is published,
    by api/services/sql_throttle.py.

    after_seconds: when there is room for sure, where that is known: statements have had their share.
    """

    def __init__(self, *, overrunning: bool = False, after_seconds: int | None = None) -> None:
        self.after_seconds = after_seconds
        super().__init__(
            "much is published now, and questions have had their share of the time; try again later"
            if after_seconds is not None
            else "as many statements as may run over their time, in functions that PostgreSQL cannot "
            "interrupt; `eventlog doctor` names them"
            if overrunning
            else "as many statements run as may at once; try again"
        )
