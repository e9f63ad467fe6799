"""Failpoints act at the hit they name, and a name that does not exist is refused."""

import os
import subprocess
import sys

import pytest

from eventlog.errors import SettingsError
from eventlog.failpoints import VARIABLE, Armed, Failpoint, FailpointError, _pass, hit, parse_failpoints


def test_a_process_without_the_variable_does_nothing_at_any_point() -> None:
    assert hit is _pass


def test_a_point_acts_at_its_nth_hit_and_only_then() -> None:
    armed = Armed(parse_failpoints("proj.done:raise:2"))
    armed.hit("proj.done")
    armed.hit("proj.claimed")
    with pytest.raises(FailpointError):
        armed.hit("proj.done")
    armed.hit("proj.done")


def test_several_points_are_read_with_the_first_hit_as_default() -> None:
    assert parse_failpoints("api.parsed:stop, proj.done:sleep(0.5):3") == [
        Failpoint("api.parsed", "stop", 1),
        Failpoint("proj.done", "sleep(0.5)", 3),
    ]


@pytest.mark.parametrize("text", ["nowhere:kill:1", "proj.done:explode:1", "proj.done:kill:0", "proj.done"])
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_failpoints(text)


def test_kill_ends_the_process_as_kill_does() -> None:
    script = "from eventlog.failpoints import hit; hit('proj.done')"
    environment = os.environ | {VARIABLE: "proj.done:kill:1"}
    assert subprocess.run([sys.executable, "-c", script], env=environment).returncode == -9
