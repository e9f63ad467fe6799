"""Where there is no event log, a command that needs one says so and makes none."""

from pathlib import Path

import pytest

from tests.support.command_line import eventlog


@pytest.mark.parametrize(
    "command",
    [
        ["verify"],
        ["rebuild", "core"],
        ["drop", "core", "--yes"],
        ["sql", "SELECT 1"],
        ["projections", "list"],
        ["quarantine", "retry", "0:1"],
        ["worker"],
    ],
    ids=" ".join,
)
def test_nothing_is_made(command: list[str], tmp_path: Path) -> None:
    place = tmp_path / "nothing"
    ended = eventlog(*command, EVENTLOG_DATA_DIR=str(place))
    assert ended.returncode == 4
    assert ended.stderr.startswith(f"eventlog: there is no event log in {place}")
    assert len(ended.stderr.splitlines()) == 1
    assert not place.exists()
