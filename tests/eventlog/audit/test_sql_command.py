"""`eventlog sql`: formats, exit codes, and nothing that acts upon a terminal."""

import json
import os
import pty
import subprocess
import sys

import pytest
from typer.testing import CliRunner, Result

from eventlog.audit.errors import QuestionRefused
from eventlog.cli import build


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> "Run":
    monkeypatch.setenv("EVENTLOG_DSN", database)
    return Run()


class Run:
    """Runs `eventlog sql`."""

    def __call__(self, *arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(build(), ["sql", *arguments], input=text)


ESCAPE = "SELECT e'a\\x1b[31mb\\u202e' AS t, NULL AS n, '=1+1' AS f, -5 AS number"


def test_a_table_shows_control_characters_as_text(run: Run) -> None:
    out = run(ESCAPE).stdout
    assert "a\\u001b[31mb\\u202e" in out
    assert "∅" in out
    assert "\x1b" not in out


def test_json_has_values(run: Run) -> None:
    assert json.loads(run(ESCAPE, "-o", "json").stdout) == [
        {"t": "a\x1b[31mb\u202e", "n": None, "f": "=1+1", "number": -5}
    ]
    assert "\x1b" not in run(ESCAPE, "-o", "json").stdout


def test_what_takes_no_room_is_shown(run: Run) -> None:
    unseen = "SELECT e'order\\u200b1', e'\\U000E0041', e'\\u00ad'"
    assert "order\\u200b1" in run(unseen).stdout
    assert list(json.loads(run(unseen, "--json").stdout)[0].values()) == [
        "order\u200b1", "\U000e0041", "\u00ad",
    ]  # fmt: skip


def test_csv_has_values_in_a_file_and_nothing_that_acts_upon_a_terminal(run: Run, database: str) -> None:
    assert run(ESCAPE, "-o", "csv").stdout.splitlines()[1].startswith("a\x1b[31mb\u202e,")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "eventlog", "sql", ESCAPE, "-o", "csv"],
        stdout=theirs,
        env={**os.environ, "EVENTLOG_DSN": database},
    ) as process:
        os.close(theirs)
        shown = b""
        while b",-5\r" not in shown:
            shown += os.read(ours, 1 << 16)
    os.close(ours)
    assert process.returncode == 0
    assert b"a\\u001b[31mb\\u202e,,=1+1,-5" in shown
    assert b"\x1b" not in shown


def test_a_spreadsheet_is_for_csv(run: Run) -> None:
    assert run("SELECT '=1+1' AS f", "--spreadsheet").stdout.splitlines() == ["f", "'=1+1"]
    assert run("SELECT 1", "--spreadsheet", "-o", "json").exit_code == 2


def test_json_is_asked_for_as_everywhere_else(run: Run) -> None:
    assert run(ESCAPE, "--json").stdout == run(ESCAPE, "-o", "json").stdout
    assert "books" in {question["name"] for question in json.loads(run("--list", "--json").stdout)}
    assert run(ESCAPE, "--json", "-o", "csv").exit_code == 2


def test_values_in_json_say_the_same(run: Run) -> None:
    query = (
        "SELECT 9007199254740993 AS big, 7::bigint AS small, 1.10 AS n, 0.1234567890123456789 AS long,"
        " 'NaN'::float8 AS nan, 'Infinity'::numeric AS inf, '\\xdead'::bytea AS bytes, true AS yes,"
        " '2025-10-21 10:00:00.5+02'::timestamptz AS at, 'infinity'::timestamptz AS never,"
        " '0044-03-15 BC'::timestamptz AS ides, '{\"a\": 1.10}'::json AS j, 1 AS yes"
    )
    line = run(query, "-o", "ndjson").stdout
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "big": "9007199254740993", "small": 7, "n": 1.1, "long": "0.1234567890123456789", "nan": "NaN",
        "inf": "Infinity", "bytes": "\\xdead", "yes": True, "at": "2025-10-21T08:00:00.5Z",
        "never": "infinity", "ides": "0044-03-15 00:00:00+00 BC", "j": {"a": 1.1}, "yes_2": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "cell",
    [
        "('1' || repeat('0', 5000))::jsonb",
        "'1e400'::json",
        "(repeat('[', 2000) || repeat(']', 2000))::json",
        "'\"\\ud800\"'::json",
    ],
)
def test_no_json_in_a_cell_keeps_readers_from_the_others(run: Run, cell: str) -> None:
    found = json.loads(run(f"SELECT {cell} AS odd, '{{\"a\": 1}}'::json AS even", "-o", "ndjson").stdout)
    assert isinstance(found["odd"], str)
    assert found["even"] == {"a": 1}


def test_a_cut_is_said_beside_the_rows(run: Run) -> None:
    result = run("SELECT generate_series(1, 3)", "--limit", "2", "-o", "csv")
    assert result.stdout.splitlines() == ["generate_series", "1", "2"]
    assert "cut after 2 rows" in result.stderr
    assert result.exit_code == 0


def test_a_statement_that_fails_is_marked_at_the_place(run: Run) -> None:
    result = run("SELECT 1,\n  nothing")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ['42703: column "nothing" does not exist', "  nothing", "  ^"]
    assert result.stdout == ""


def test_it_reads_from_stdin_and_asks_saved_questions(run: Run) -> None:
    assert run("-", "-o", "csv", text="SELECT 1 AS one").stdout.splitlines() == ["one", "1"]
    answer = run("-q", "was_it_received", "-p", "topic=a=b", "-p", "event_id=c", "-o", "json")
    assert (answer.exit_code, answer.stdout) == (0, "[]\n")
    assert "was_it_received" in run("--list").stdout


def test_wrong_use_exits_2(run: Run) -> None:
    assert run().exit_code == 2
    assert run("SELECT 1", "-q", "books").exit_code == 2
    assert run("SELECT 1", "-p", "novalue").exit_code == 2
    assert isinstance(run("-q", "nothing").exception, QuestionRefused)
