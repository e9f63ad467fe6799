"""Fixtures for questions in SQL."""

import pytest

from eventlog.audit.auditor import Auditor, StatementResult
from eventlog.audit.limits import StatementLimits
from eventlog.audit.record import Asker
from eventlog.audit.statement_request import ask_statement

ASKER = Asker("somebody", "sql")


class Asking:
    """Asks statements of one database, as somebody."""

    def __init__(self, dsn: str, audit_dsn: str | None = None) -> None:
        self.auditor = Auditor(dsn, audit_dsn)

    def __call__(self, text: str, parameters: object = None, **limits: float) -> StatementResult:
        return self.auditor.ask(ask_statement(text, parameters), ASKER, StatementLimits(**limits))  # type: ignore[arg-type]


@pytest.fixture
def asking(database: str) -> Asking:
    """Return what asks the test's own database."""
    return Asking(database)
