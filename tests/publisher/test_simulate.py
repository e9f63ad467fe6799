"""The simulator's books: exact when nothing goes wrong, honest bounds when something does."""

import asyncio
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.errors import SettingsError
from eventlog.terminal.errors import ApiUnavailable
from publisher.books import SentCounts, ServerStats, compare, percentile
from publisher.client import Client
from publisher.simulation.report import simulation_tables
from publisher.simulation.simulate import Report, SendOptions, Simulation
from publisher.simulation.stages import (
    Stage,
    due_seconds,
    events_of,
    parse_duration,
    parse_share,
    parse_stage,
)
from publisher.simulation.workload import Workload
from tests.publisher.peer import Peer, answering, dropping, running_peer

LOAD = SendOptions(batch=10, concurrency=4, drain_seconds=0.3)


def simulate(
    prepare: Callable[[Peer], None] = lambda peer: None,
    load: SendOptions = LOAD,
    runs: int = 1,
) -> tuple[Report, Peer]:
    async def run() -> tuple[Report, Peer]:
        async with running_peer() as peer:
            prepare(peer)
            for _ in range(runs):
                async with Client(peer.url, attempts_max=4) as client:
                    workload = Workload(events=500, duplicates=0.3, topics=10, seed=7)
                    report = await Simulation(client, workload, load, quiet=True).run()
            return report, peer

    return asyncio.run(run())


def test_a_quiet_run_is_exact() -> None:
    report, peer = simulate()
    assert (report.sent, report.accepted, report.rejected, report.retries) == (500, 500, 0, 0)
    assert {line.name: line.got for line in report.lines} | {"received": 500} == {
        "received": 500,
        "unique": 350,
        "duplicates": 150,
        "conflicts": 0,
        "quarantined": 0,
        "pending": 0,
        "out of balance": 0,
    }
    assert all(line.low == line.high for line in report.lines)
    assert report.holds
    assert len(peer.bodies) == 50


def test_a_refusal_for_now_keeps_the_counts_exact() -> None:
    report, _ = simulate(lambda peer: peer.faults.extend([answering(503, "queue_full")] * 3))
    assert report.retries == 3
    assert report.holds
    assert all(line.low == line.high for line in report.lines)


@pytest.mark.parametrize("stored", [True, False])
def test_a_dropped_connection_widens_the_bounds_by_what_was_in_it(stored: bool) -> None:
    report, peer = simulate(lambda peer: peer.faults.append(dropping(stored=stored)))
    assert report.accepted == 500
    assert report.perhaps_stored == 10
    assert len(peer.events) == 500 + 10 * stored
    assert report.holds
    received, unique, duplicates = report.lines[:3]
    assert (received.low, received.high) == (500, 510)
    assert (unique.low, unique.high) == (350, 350)
    assert (duplicates.low, duplicates.high) == (150, 160)


def test_somebody_elses_event_is_a_difference() -> None:
    def meddle(peer: Peer) -> None:
        real = peer.store

        def store(events: list[dict[str, object]]) -> None:
            real(events)
            if len(peer.events) == 500:
                real([{"topic": "else", "event_id": "1"}])

        peer.store = store  # type: ignore[method-assign]

    report, _ = simulate(meddle)
    assert not report.holds
    assert [line.name for line in report.lines if not line.holds] == ["received", "unique"]


def test_what_is_never_projected_is_a_difference_and_does_not_hang() -> None:
    def stick(peer: Peer) -> None:
        peer.not_projected = 3

    report, _ = simulate(stick)
    assert [line.name for line in report.lines if not line.holds] == ["pending"]


def test_a_second_run_of_a_seed_is_all_duplicates_and_no_difference() -> None:
    report, peer = simulate(runs=2)
    assert len(peer.events) == 1000
    assert report.holds
    assert {line.name: line.got for line in report.lines}["unique"] == 0


def test_a_refused_batch_is_counted_and_the_rest_goes_on() -> None:
    report, _ = simulate(lambda peer: peer.faults.append(answering(413, "body_too_large")))
    assert (report.sent, report.accepted, report.rejected) == (500, 490, 10)
    assert "body_too_large" in report.first_refusal
    assert report.holds


def test_an_api_that_goes_away_ends_the_run_with_what_was_done() -> None:
    report, _ = simulate(lambda peer: peer.faults.extend([answering(503, "starting")] * 100))
    assert isinstance(report.given_up, ApiUnavailable)
    assert report.lines == []


def test_a_paced_run_keeps_its_rate() -> None:
    report, _ = simulate(load=SendOptions(batch=10, concurrency=4, rate=2000, drain_seconds=1))
    assert report.seconds >= (500 - 10) / 2000
    assert report.holds


def test_the_report_is_json_for_programs_and_tables_for_people() -> None:
    report, _ = simulate()
    document = json.loads(report.as_json())
    assert document["holds"] is True
    assert document["sent"] == document["accepted"] == 500
    assert set(document["latency_ms"]) == {"p50", "p95", "p99"}
    assert len(list(simulation_tables(report))) == 3


STAGES = (Stage(0.1, 1000), Stage(0.2, 1000), Stage(0.1, 0))


def test_stages_ramp_up_hold_and_ramp_down() -> None:
    assert events_of(STAGES) == 300
    due = [due_seconds(STAGES, number) for number in range(301)]
    assert due == sorted(due)
    assert (due[0], due[50], due[150], due[250]) == pytest.approx((0.0, 0.1, 0.2, 0.3))
    assert due[12] == pytest.approx(0.1 * (12 / 50) ** 0.5)  # at first slowly
    assert due[300] == pytest.approx(0.4)


def test_a_batch_waits_in_stages_until_its_last_event_is_due() -> None:
    load = SendOptions(batch=500, concurrency=4, drain_seconds=1, stages=(Stage(0.5, 1000), Stage(0.3, 1000)))
    report, _ = simulate(load=load)
    assert report.seconds >= due_seconds(load.stages, 499) > 0.7


def test_a_run_in_stages_takes_their_time() -> None:
    load = SendOptions(batch=10, concurrency=4, drain_seconds=1, stages=(Stage(0.5, 1000), Stage(0.3, 1000)))
    report, _ = simulate(load=load)
    assert report.seconds >= due_seconds(load.stages, 490)


@pytest.mark.parametrize(("faults", "reached"), [(0, True), (3, False)])
def test_targets_are_judged(faults: int, reached: bool) -> None:
    load = SendOptions(batch=10, concurrency=4, drain_seconds=1, p95_seconds_max=60.0, errors_max=0.01)
    report, _ = simulate(lambda peer: peer.faults.extend([answering(503, "queue_full")] * faults), load)
    assert report.errors == pytest.approx(faults / (50 + faults))
    assert report.reached is reached
    document = json.loads(report.as_json())
    met = {each["target"]: each["met"] for each in document["targets"]}
    assert met == {"p95_ms": True, "errors": reached}
    assert report.holds


@pytest.mark.parametrize("text", ["30", "30s", "30s:", "30s:fast", "s:5", "0s:5", "30s:-5", "1e9s:5", ""])
def test_a_stage_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--stage"):
        parse_stage(text)


def test_shares_and_durations() -> None:
    assert (parse_share("", "1%"), parse_share("", "0.01"), parse_share("", "0")) == (0.01, 0.01, 0.0)
    assert (parse_duration("", "100ms"), parse_duration("", "2m")) == (0.1, 120.0)
    for wrong in ("", "101%", "2", "-1%", "one"):
        with pytest.raises(SettingsError):
            parse_share("--errors-max", wrong)
    with pytest.raises(SettingsError, match="no event at all"):
        events_of([Stage(1.0, 0.0)])


counts = st.integers(0, 10**6)


@given(counts, counts, st.data())
def test_the_bounds_hold_whatever_was_stored_of_what_is_unknown(
    unique: int, repeats: int, data: st.DataObject
) -> None:
    lost = data.draw(st.integers(0, unique + repeats))
    extra = data.draw(st.integers(0, 1000))
    acknowledged = unique + repeats - lost
    stored = acknowledged + data.draw(st.integers(0, extra))
    distinct = data.draw(st.integers(max(0, unique - lost), min(unique, stored)))
    zero = ServerStats(0, 0, 0, 0, 0, 0)
    after = ServerStats(stored, distinct, stored - distinct, 0, 0, 0)
    sent = SentCounts(acknowledged, unique, not_acknowledged=lost, perhaps_stored=extra)
    assert all(line.holds for line in compare(zero, after, sent))


def test_percentiles_are_nearest_ranks() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99)] == [50.0, 95.0, 99.0]
    assert percentile([], 0.5) == 0.0
    assert percentile([3.0], 0.99) == 3.0
