"""Scale runs, at a tiny size: each factor is measured once, soundly, and not again."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks import scale
from tests.benchmarks.arena import Arena
from tests.benchmarks.big import measure as measure_big
from tests.benchmarks.held_snapshot import measure as measure_held

FACTORS = ["plain", "hot topic"]


def test_a_run_goes_on_where_the_last_one_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["scale", "--events", "3000", "--bound", "1000", "--out", str(tmp_path), "--factors"]
    monkeypatch.setattr(sys, "argv", [*flags, "plain"])
    assert scale.main() == 0
    monkeypatch.setattr(sys, "argv", [*flags, *FACTORS])
    assert scale.main() == 0
    found = scale.read(tmp_path / "scale.jsonl")
    assert [each.factor for each in found] == FACTORS
    assert len((tmp_path / "scale.jsonl").read_bytes().splitlines()) == 2
    assert all(each.faults == [] and each.events_per_second > 0 for each in found)
    assert "hot topic: 90 % in one of 10" in (tmp_path / "scale.md").read_text(encoding="utf-8")


def test_every_factor_of_the_issue_is_there() -> None:
    assert set(scale.LOADS) | set(scale.PROCESSES) >= {
        "topics",
        "hot topic",
        "payload",
        "duplicates",
        "workers",
    }


def test_a_held_snapshot_is_measured_before_and_under_it(running: Arena) -> None:
    found = measure_held(running, events=2_000, bound=1_000, workers=1, minutes=0.005)
    assert found.faults == []
    assert found.details["of_before_percent"] > 0
    assert found.details["others_over_64_mib"] == {}


def test_a_large_log_is_published_drained_and_asked(running: Arena) -> None:
    found = measure_big(running, events=6_000, bound=2_000, workers=2)
    assert found.faults == []
    assert found.details["backlog"] == 2_000
    assert found.details["cost_ms"]["at_the_end"]["look_for_work"] > 0
