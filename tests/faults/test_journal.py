"""What clients wrote down can be read while they write."""

from pathlib import Path

import msgspec
import pytest

from tests.faults.journal import Attempt, Journal, read_journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write down two attempts, of which the second has no end."""
    journal = Journal(tmp_path / "journal.jsonl")
    first = Attempt("first", "a", 1, 0.0, [])
    journal.begin(first)
    journal.end(msgspec.structs.replace(first, outcome="ok"))
    journal.begin(Attempt("second", "a", 2, 0.0, []))
    journal.close()
    return journal.path


def outcomes(path: Path) -> dict[str, str]:
    return {attempt.request_id: attempt.outcome for attempt in read_journal(path)}


def test_the_last_word_on_an_attempt_counts(path: Path) -> None:
    assert outcomes(path) == {"first": "ok", "second": "info"}


def test_a_line_that_is_being_written_is_not_there_yet(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])
    assert outcomes(path) == {"first": "ok"}


def test_a_damaged_line_is_no_line_that_is_being_written(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0][:-10] + b"\n", *lines[1:]]))
    with pytest.raises(msgspec.DecodeError):
        read_journal(path)
