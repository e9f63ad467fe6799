"""What commands print, where it cannot be printed as it is."""

import json
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.support.command_line import COMMAND, eventlog
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
