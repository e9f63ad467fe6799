"""The hostile corpus: some two hundred statements that want to do more than read, and change nothing."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from eventlog.audit.errors import StatementFailed
from eventlog.audit.protection import protect
from eventlog.embedded import EmbeddedServer
from projections.install import set_up
from tests.eventlog.audit.conftest import Asking
from tests.eventlog.audit.hostile import Connection, Hostile, corpus, transactions_and_wal, what_there_is
from tests.support.postgres import FAST, quick_directory
from tests.support.projecting import project_all
from tests.support.waiting import until
from tests.support.workload import fill_log

# So that whatever WAL there is, somebody wrote: a statement, or its record.
QUIET = {
    **FAST,
    "autovacuum": "off",
    "full_page_writes": "off",
    "checkpoint_timeout": "1h",
    "max_prepared_transactions": "5",
}
# The record of a statement is an INSERT and an UPDATE, of its own text.
RECORD_TRANSACTIONS = 2
RECORD_BYTES_MAX = 4096
# The time limit, and what it takes to give up on a statement that does not heed it.
SECONDS_MAX = 15.0
# What may be answered, since it does no harm within the limits.
ANSWERED = {
    "a series in memory",
    "many rows of a megabyte",
    "a regular expression that backtracks",
    "a LIKE that backtracks",
    "similar to",
    "replace again and again",
    "a file by XML's entities",
    "others' statements",
}


@pytest.fixture(scope="module")
def quiet_server(bindir: Path | None) -> Iterator[EmbeddedServer]:
    with quick_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir, options=QUIET) as running:
        set_up(running.dsn, 4)
        protect(running.superuser_dsn)
        fill_log(running.dsn, 200)
        project_all(running.dsn)
        yield running


@pytest.fixture(scope="module")
def superuser(quiet_server: EmbeddedServer) -> Iterator[Connection]:
    """Watch, and listen."""
    with psycopg.connect(quiet_server.superuser_dsn, autocommit=True) as connection:
        connection.execute("LISTEN eventlog")
        yield connection


@pytest.fixture(scope="module")
def at_first(superuser: Connection) -> dict[str, str]:
    return what_there_is(superuser)


def test_the_corpus_is_large() -> None:
    assert len({hostile.statement for hostile in corpus()}) >= 120


@pytest.mark.parametrize("hostile", corpus(), ids=lambda hostile: hostile.wants.replace(" ", "_"))
def test_it_changes_nothing(
    hostile: Hostile, quiet_server: EmbeddedServer, superuser: Connection, at_first: dict[str, str]
) -> None:
    before = transactions_and_wal(superuser)
    began = monotonic()
    if hostile.wants in ANSWERED:
        with suppress(StatementFailed):
            rows = Asking(quiet_server.dsn)(hostile.statement, seconds=0.5).rows
            assert rows == [] or "others" not in hostile.wants
            assert "root:" not in str(rows)
    else:
        with pytest.raises(StatementFailed):
            Asking(quiet_server.dsn)(hostile.statement, seconds=0.5)
    assert monotonic() - began < SECONDS_MAX
    until(lambda: not _still_there(superuser), message="its session is still there")
    transactions, wal = transactions_and_wal(superuser)
    assert transactions - before[0] == RECORD_TRANSACTIONS
    assert wal - before[1] < RECORD_BYTES_MAX + 2 * len(hostile.statement)
    assert what_there_is(superuser) == at_first
    assert _latest_record(superuser) == (hostile.statement, True)


def test_nobody_was_notified(superuser: Connection) -> None:
    assert [notify.payload for notify in superuser.notifies(timeout=0) if notify.payload == "stolen"] == []


def test_the_server_never_restarted(quiet_server: EmbeddedServer) -> None:
    log = quiet_server.directory.log.read_text(encoding="utf-8", errors="replace")
    assert "terminated by signal" not in log


def _latest_record(superuser: Connection) -> tuple[str, bool] | None:
    row = superuser.execute(
        "SELECT statement, finished_at IS NOT NULL AND (sqlstate IS NOT NULL OR rows IS NOT NULL)"
        " FROM eventlog.console_statements ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else (row[0], row[1])


def _still_there(superuser: Connection) -> bool:
    row = superuser.execute(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'eventlog_auditor'"
    ).fetchone()
    assert row is not None
    return bool(row[0])
