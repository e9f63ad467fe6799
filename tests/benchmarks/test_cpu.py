"""The profile of the main job, at a tiny size."""

import sys

import pytest

from tests.benchmarks import cpu


def test_the_profile_tells_rates_and_who_took_the_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cpu", "--events", "5000", "--batch", "100", "--bound", "2000"])
    assert cpu.main() == 0
    told = capsys.readouterr().out
    for part in ("accepted", "projected", "postgres: eventlog worker", "eventlog api: main", "in all"):
        assert part in told
