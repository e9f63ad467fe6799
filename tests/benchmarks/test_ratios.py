"""What was gained stays gained: loose ratios within one run, since machines differ and tests share theirs."""

from tests.benchmarks.arena import Arena
from tests.benchmarks.figures import Figure, Sizes
from tests.benchmarks.service import service
from tests.benchmarks.steps import backlog, over_http, raw_copy

SIZES = Sizes(events=20_000, connections=[32])
ATTEMPTS = 3


def sound(figures: list[Figure]) -> dict[str, float]:
    assert [figure.faults for figure in figures if figure.faults] == []
    return {figure.name: figure.value for figure in figures}


def http_share(running: Arena) -> float:
    copied = sound(raw_copy.run(running, SIZES, []))["raw_copy"]
    with running.place() as place, service(place.dsn, 0) as up:
        found = sound(over_http.of_size(place, up, SIZES, 100, "raw_copy"))
    return found["http_100_by_32"] / copied


def test_appending_over_http_reaches_a_good_part_of_raw_copy(running: Arena) -> None:
    shares: list[float] = []
    while len(shares) < ATTEMPTS and max(shares, default=0.0) < 0.3:
        shares.append(http_share(running))
    assert max(shares) >= 0.3


def test_projecting_a_backlog_reaches_a_good_part_of_raw_copy(running: Arena) -> None:
    shares: list[float] = []
    while len(shares) < ATTEMPTS and max(shares, default=0.0) < 0.2:
        copied = sound(raw_copy.run(running, SIZES, []))["raw_copy"]
        shares.append(sound([backlog.project(running, SIZES.events, 2)])["backlog_2"] / copied)
    assert max(shares) >= 0.2
