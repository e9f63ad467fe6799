"""An API whose event loop is blocked: it says nothing, others serve, and it loses nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.client import load
from tests.faults.journal import read_journal
from tests.faults.stack import Stack, answers, free_port
from tests.support.waiting import until

BLOCKED_SECONDS = 5.0


@pytest.mark.parametrize("point", ["api.parsed", "api.acking"])
def test_others_publish_while_an_event_loop_is_blocked_and_it_keeps_what_it_had_taken(
    point: str, stack: Stack, journal: Path, sound: Callable[[], None], tmp_path: Path
) -> None:
    stack.start_worker()
    other, beside = free_port(), tmp_path / "other.jsonl"
    blocked = stack.start_api(f"{point}:sleep({BLOCKED_SECONDS:g}):20")
    stack.await_ready(stack.launch_api(port=other), port=other)
    with load(stack.port, journal, seed=1) as at_blocked, load(other, beside, seed=2) as at_other:
        until(lambda: not answers(stack.port), message="its health check never fails")
        before, others_before = at_blocked.journal.acknowledged, at_other.journal.acknowledged
        until(lambda: at_other.journal.acknowledged > others_before + 500, deadline_seconds=BLOCKED_SECONDS)
        assert at_blocked.journal.acknowledged == before
        until(lambda: answers(stack.port), deadline_seconds=BLOCKED_SECONDS + 5)
        until(lambda: at_blocked.journal.acknowledged > before + 100)
        assert at_blocked.codes | at_other.codes == set()
    assert blocked.returncode is None
    attempts = read_journal(journal)
    assert {each.outcome for each in attempts} == {"ok"}
    assert max(each.ended - each.started for each in attempts if each.ended) > BLOCKED_SECONDS - 1
    journal.write_bytes(journal.read_bytes() + beside.read_bytes())
    sound()
