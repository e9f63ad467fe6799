"""What commands print, where it cannot be printed as it is."""

import json
import re
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.support.command_line import COMMAND, eventlog, only
from tests.support.events import event
from tests.support.reading import published

FULL = Path("/dev/full")


def test_what_the_encoding_of_a_terminal_lacks_is_shown_as_its_escape(
    api: str, client: httpx2.Client
) -> None:
    published(client, [event(topic="order.漢", payload={"a": "漢"})])
    for command in (["tail"], ["tail", "--json"], ["stats"]):
        shown = eventlog(*command, "--url", api, PYTHONIOENCODING="latin-1")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "\\u6f22" in shown.stdout
        if command == ["tail", "--json"]:
            assert json.loads(shown.stdout)["payload"] == {"a": "漢"}


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_ends_in_one_line(api: str, client: httpx2.Client) -> None:
    published(client, [event()])
    for command in (["tail"], ["stats", "--json"]):
        with FULL.open("w") as full:
            ended = subprocess.run(
                [*COMMAND, *command, "--url", api],
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            )  # fmt: skip
        assert ended.returncode == 1
        assert ended.stderr == "eventlog: cannot write the output: No space left on device\n"


def run_by_shell(line: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of a shell, in which "$@" is the command."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *COMMAND],
        env=only(**environment), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", ["tail", "stats", "sql 'SELECT 1'"])
def test_data_without_a_standard_output_are_not_lost_silently(
    api: str, client: httpx2.Client, database: str, command: str
) -> None:
    published(client, [event()])
    ended = run_by_shell(f'"$@" {command} >&-', EVENTLOG_URL=api, EVENTLOG_DSN=database)
    assert (ended.returncode, ended.stderr) == (
        1,
        "eventlog: cannot write the output: standard output is closed\n",
    )


def test_no_width_of_a_terminal_has_figures_left_out(api: str, client: httpx2.Client) -> None:
    published(client, [event(event_id=f"e{number}") for number in range(1234)])
    for width in ("0", "17"):
        shown = eventlog("stats", "--url", api, COLUMNS=width)
        assert re.search(r"received +1,234\b", shown.stdout), f"{width!r}: {shown.stdout}"


@pytest.mark.parametrize(
    "command", [["keys", "revoke", "\udcff"], ["sql", "SELECT $1", "-p", "a=\udcff"], ["tail", "\udcff"]]
)
def test_an_argument_that_is_no_text_ends_in_one_line(api: str, database: str, command: list[str]) -> None:
    ended = eventlog(*command, EVENTLOG_DSN=database, EVENTLOG_URL=api)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr


def test_a_name_that_is_told_does_not_act_upon_the_terminal(tmp_path: Path, api: str) -> None:
    for command in (["ship", "\x1b[2J[x"], ["ship", str(tmp_path / "\x1b[2J")], ["drop", "\x1b[2J"]):
        ended = eventlog(*command, EVENTLOG_URL=api, EVENTLOG_DATA_DIR=str(tmp_path))
        assert ended.returncode != 0
        assert "\x1b" not in ended.stdout + ended.stderr
