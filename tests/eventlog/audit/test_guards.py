"""What the guarded path holds to: limits, the login, the record."""

import os
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit.errors import (
    AuditBusy,
    AuditUnavailable,
    QuestionRefused,
    QuestionUnknown,
    StatementFailed,
)
from eventlog.audit.limits import StatementLimits
from eventlog.audit.questions import questions
from eventlog.audit.resource_limits import NICENESS, confine
from eventlog.audit.statement_request import ask_question, ask_statement
from eventlog.embedded import EmbeddedServer
from eventlog.sessions.database import connect
from projections.install import set_up
from tests.eventlog.audit.conftest import ASKER, Asking
from tests.support.postgres import FAST, quick_directory
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def test_rows_are_cut_at_the_limit_and_that_is_said(asking: Asking) -> None:
    assert not asking("SELECT generate_series(1, 5)", rows=5).truncated
    cut = asking("SELECT generate_series(1, 6)", rows=5)
    assert (len(cut.rows), cut.truncated) == (5, True)


def test_rows_are_cut_at_the_bytes(asking: Asking) -> None:
    cut = asking("SELECT repeat('x', 100) FROM generate_series(1, 100)", bytes=1000)
    assert (len(cut.rows), cut.truncated) == (10, True)


def test_columns_of_nulls_weigh_something(asking: Asking) -> None:
    nulls = ", ".join(["NULL"] * 100)
    cut = asking(f"SELECT {nulls} FROM generate_series(1, 100)", bytes=4_000)
    assert (len(cut.rows), cut.truncated) == (10, True)


def test_one_row_that_is_too_large_is_refused(asking: Asking) -> None:
    with pytest.raises(StatementFailed) as failed:
        asking("SELECT repeat(repeat('x', 100000), 100)", bytes=1000)
    assert failed.value.code == "row_too_large"


def test_it_is_stopped_when_its_time_is_up(asking: Asking) -> None:
    with pytest.raises(StatementFailed, match=r"stopped after 0\.2 s") as failed:
        asking("SELECT count(*) FROM pg_class a, pg_class b, pg_class c, pg_class d", seconds=0.2)
    assert failed.value.code == "statement_timed_out"


def test_a_statement_gets_the_least_share_of_the_processor(database: str) -> None:
    with connect(database, "owner", "test") as session:
        backend = session.backend_pid
        assert confine(session)
        assert os.getpriority(os.PRIO_PROCESS, backend) == NICENESS
        shared = Path(f"/proc/{backend}/autogroup")
        if shared.exists():
            assert shared.read_text().split()[-1] == str(NICENESS)


def test_an_error_says_where(asking: Asking) -> None:
    with pytest.raises(StatementFailed, match='column "nothing" does not exist') as failed:
        asking("SELECT :a::text, nothing FROM books", {"a": "é"})
    assert (failed.value.sqlstate, failed.value.position) == ("42703", 18)


def test_parameters_are_bound_and_never_read_as_sql(asking: Asking) -> None:
    hostile = "'; DROP TABLE x; --"
    assert asking("SELECT :a::text, ':b', $$:a$$ -- :a", {"a": hostile}).rows == [[hostile, ":b", ":a"]]
    assert asking("SELECT $2::int, $1::text", ["x", 7]).rows == [["7", "x"]]


@pytest.mark.parametrize(
    ("text", "parameters", "code"),
    [
        (" ", None, "statement_empty"),
        ("SELECT 1", {"a": 1}, "parameter_unknown"),
        ("SELECT '\0'", None, "nul_in_text"),
        ("SELECT '\ud800'", None, "surrogate_in_text"),
        ("x" * 200_000, None, "statement_too_long"),
    ],
)
def test_what_cannot_be_asked_is_refused(text: str, parameters: dict[str, object] | None, code: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        ask_statement(text, parameters)
    assert refused.value.code == code


def test_a_question_takes_its_own_parameters_only() -> None:
    with pytest.raises(QuestionUnknown):
        ask_question("nothing")
    with pytest.raises(QuestionRefused, match="needs topic, event_id"):
        ask_question("was_it_received", {})
    with pytest.raises(QuestionRefused, match="has no parameter other"):
        ask_question("books", {"other": 1})


@pytest.mark.parametrize("name", questions())
def test_every_saved_question_is_answered(name: str, asking: Asking) -> None:
    given = {p.name: "x" for p in questions()[name].parameters if p.default is None}
    answer = asking.auditor.ask(ask_question(name, given), ASKER, StatementLimits())
    assert answer.columns


def test_each_statement_is_recorded_with_its_end(asking: Asking, connection: Connection) -> None:
    asking("SELECT :a::int + 1", {"a": 1})
    with pytest.raises(StatementFailed):
        asking("SELECT nothing")
    rows = connection.execute(
        "SELECT who, via, statement, parameters::text, rows, sqlstate, error, finished_at > started_at"
        " FROM eventlog.console_statements ORDER BY id"
    ).fetchall()
    assert rows == [
        ("somebody", "sql", "SELECT :a::int + 1", '{"a":1}', 1, None, None, True),
        ("somebody", "sql", "SELECT nothing", "{}", None, "42703", 'column "nothing" does not exist', True),
    ]


def test_it_is_recorded_before_it_runs(asking: Asking, connection: Connection) -> None:
    seen = asking("SELECT statement FROM console_statements WHERE duration IS NULL")
    assert seen.rows == [["SELECT statement FROM console_statements WHERE duration IS NULL"]]


def test_when_all_sessions_are_taken_that_is_said(asking: Asking, database: str) -> None:
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(psycopg.connect(database, user="eventlog_auditor"))
        with pytest.raises(AuditBusy):
            asking("SELECT 1")


@pytest.mark.parametrize("login", ["eventlog", "postgres"])
def test_a_login_that_could_do_more_is_refused(login: str, database: str) -> None:
    mighty = psycopg.conninfo.make_conninfo(database, user=login)
    with pytest.raises(AuditUnavailable, match="do nothing else, but"):
        Asking(database, mighty)("SELECT 1")


def test_a_reader_leaves_nothing_that_stands_in_the_way(asking: Asking, connection: Connection) -> None:
    """Its locks and its session are gone with the answer, also where it was stopped."""
    with pytest.raises(StatementFailed):
        asking("SELECT count(*) FROM deliveries, generate_series(1, 1000000000)", seconds=0.2)
    until(
        lambda: scalar(
            connection, "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'eventlog_auditor'"
        ),
        message="its session is still there",
    )


def test_where_the_server_wants_a_password_each_process_sets_its_own(bindir: Path | None) -> None:
    """Two processes take turns: each sets its password anew when the other has set another."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        quick_directory() as data_dir,
        EmbeddedServer(data_dir, bindir=bindir, port=port, options=FAST) as server,
    ):
        set_up(server.dsn, 2)
        with psycopg.connect(server.superuser_dsn, autocommit=True) as superuser:
            superuser.execute("ALTER ROLE eventlog PASSWORD 'known'")
        dsn = f"postgresql://eventlog:known@127.0.0.1:{port}/eventlog"
        one, other = Asking(dsn), Asking(dsn)
        for asking in (one, other, one):
            assert asking("SELECT session_user::text").rows == [["eventlog_auditor"]]


def test_four_at_once_are_all_answered(asking: Asking) -> None:
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(asking("SELECT received FROM books").rows))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [[["0"]]] * 4
