"""The ladder, whole, at a tiny size: every figure is there, sound, and says what it depends on."""

from pathlib import Path

import msgspec
import pytest

from tests.benchmarks.figures import Figure, Ladder, Sizes, rungs
from tests.benchmarks.ladder import EACH_ROUND, ONCE, climb
from tests.benchmarks.report import markdown, show

TINY = Sizes(
    events=2_000,
    rounds=1,
    seconds=0.2,
    latency_seconds=0.2,
    connections=[32, 64],
    bound=1_000,
    rebuild_events=2_000,
    query_events=3_000,
)
NAMES = {
    "fdatasync", "commits", "raw_copy", "append", "writer_100",
    "http_1000_by_32", "http_100_by_32", "http_1_by_64",
    "end_to_end_1000", "end_to_end_100", "end_to_end_1", "sustained_1000", "sustained_100",
    "backlog_1", "backlog_2", "sql_one_core", "sql_two_cores", "rebuild",
    "query_page_1", "query_by_topic", "query_by_time", "query_event", "query_stats",
    "latency_1000", "latency_30%", "latency_50%", "latency_70%", "latency_90%",
    "peak_1000", "overload_1000", "peak_100", "overload_100", "idle",
}  # fmt: skip


@pytest.fixture(scope="module")
def ladder(bindir: Path | None) -> Ladder:
    if bindir is not None:
        pytest.skip("it is climbed on the embedded PostgreSQL alone")
    return climb(TINY, [*EACH_ROUND, *ONCE], None, lambda line: None)


def test_every_figure_is_there_and_sound(ladder: Ladder) -> None:
    found = {rung.name: rung for rung in ladder.rungs}
    assert set(found) >= NAMES
    assert {rung.name: rung.faults for rung in ladder.rungs if rung.faults} == {}
    assert all(rung.median for rung in ladder.rungs if rung.name != "idle")


def test_each_step_is_a_part_of_the_one_above(ladder: Ladder) -> None:
    found = {rung.name: rung for rung in ladder.rungs}
    assert found["raw_copy"].of_raw_copy_percent == 100.0
    assert all(
        found[name].of_above_percent for name in ("append", "http_100_by_32", "rebuild", "overload_100")
    )


def test_what_an_event_costs_is_told_by_process(ladder: Ladder) -> None:
    rung = next(rung for rung in ladder.rungs if rung.name == "end_to_end_1")
    # The generator's own part of so few requests may be less than the clock can tell.
    assert {"eventlog api: main", "postgres: eventlog worker"} <= set(rung.cpu)
    assert rung.details["wal_bytes_per_event"] > 200
    assert {"log tables", "core tables", "core indexes"} <= set(rung.details["bytes_per_event"])
    assert rung.details["api_peak_mib"] > 10


def test_it_says_what_the_figures_depend_on(ladder: Ladder) -> None:
    around = ladder.surroundings
    assert (around["postgres"]["fsync"], around["postgres"]["synchronous_commit"]) == ("on", "on")
    assert {"date", "commit", "cores", "cpu", "file_system", "python", "packages", "partitions"} <= set(
        around
    )


def test_it_reads_back_as_it_was_written(ladder: Ladder) -> None:
    assert msgspec.json.decode(msgspec.json.encode(ladder), type=Ladder) == ladder


def test_it_is_shown_to_people(ladder: Ladder, capsys: pytest.CaptureFixture[str]) -> None:
    show(ladder)
    assert "fsync on" in capsys.readouterr().out
    assert "| COPY of ready bytes" in markdown(ladder)


def test_a_figure_that_is_not_exact_is_void() -> None:
    good = Figure(name="raw_copy", what="", value=100.0)
    bad = Figure(name="append", what="", value=90.0, above="raw_copy", faults=["received: 9, expected 10"])
    void = rungs([good, bad])[1]
    assert (void.median, void.of_above_percent, void.of_raw_copy_percent) == (None, None, None)
