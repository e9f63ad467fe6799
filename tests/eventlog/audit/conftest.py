"""Fixtures for questions in SQL."""

from collections.abc import Iterator

import pytest

from eventlog.audit.auditor import Auditor, StatementResult
from eventlog.audit.limits import StatementLimits
from eventlog.audit.record import Asker
from eventlog.audit.statement_request import ask_statement
from eventlog.embedded import EmbeddedServer
from tests.support.postgres import at_database, cloned_database
from tests.support.projecting import project_all
from tests.support.workload import fill_log

ASKER = Asker("somebody", "sql")


class Asking:
    """Asks statements of one database, as somebody."""

    def __init__(self, dsn: str, audit_dsn: str | None = None) -> None:
        self.auditor = Auditor(dsn, audit_dsn)

    def __call__(self, text: str, parameters: object = None, **limits: float) -> StatementResult:
        return self.auditor.ask(ask_statement(text, parameters), ASKER, StatementLimits(**limits))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def filled_log(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Return the name of a database with everything in its log, of which the last is not projected."""
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        fill_log(dsn, 300)
        project_all(dsn)
        fill_log(dsn, 40, seed=8)
        yield name


@pytest.fixture
def asking(database: str) -> Asking:
    """Return what asks the test's own database."""
    return Asking(database)
