"""The load generator tells the truth: about waiting, about holding back, about what was refused."""

import os
import signal
import threading

from tests.benchmarks.arena import Arena
from tests.benchmarks.deliveries import Load
from tests.benchmarks.driving import Generator
from tests.benchmarks.generator import Plan
from tests.benchmarks.publishing import publish, verified
from tests.benchmarks.service import service

STOPPED_SECONDS = 0.5


def test_in_an_open_loop_the_wait_before_sending_counts(running: Arena) -> None:
    load = Load(events=1_000, batch=1)
    with running.place() as place, service(place.dsn, 0) as up:
        process = up.processes["up"].pid
        plan = Plan(load=load, addresses=up.addresses, connections=2, rate=1_000.0)
        with Generator(plan) as generator:
            os.kill(process, signal.SIGSTOP)
            threading.Timer(STOPPED_SECONDS, os.kill, (process, signal.SIGCONT)).start()
            generator.go()
            report = generator.report()
    # With one request under way at a time, all but two were due while nothing could be sent.
    late = [seconds for seconds in report.taken if seconds > STOPPED_SECONDS / 4]
    assert len(report.taken) == 1_000
    assert max(report.taken) > STOPPED_SECONDS * 0.8
    assert len(late) > 200


def test_what_an_overloaded_service_refuses_is_not_counted(running: Arena) -> None:
    load = Load(events=20_000, batch=1_000)
    settings = {"EVENTLOG_QUEUE_EVENTS_MAX": "2000"}
    with running.place() as place, service(place.dsn, 1, settings=settings) as up:
        published = publish(place, up, load, connections=20, workers=True, rate=10_000.0, give_up=True)
        wrong = verified(place, [published], projected=True)
    report = published.report
    assert report.statuses.get(503, 0) > 0
    assert len(report.refusals) == report.statuses[503]
    assert report.accepted_events == report.statuses[202] * 1_000
    assert wrong == []


def test_publishers_wait_while_too_much_is_pending(running: Arena) -> None:
    load = Load(events=40_000, batch=1_000)
    with running.place() as place, service(place.dsn, 1) as up:
        published = publish(place, up, load, connections=4, workers=True, most_pending=2_000)
        wrong = verified(place, [published], projected=True)
    assert published.projected is not None
    assert published.most_pending < 40_000
    assert wrong == []


def test_who_has_sent_all_and_ended_can_still_be_told_to_wait(running: Arena) -> None:
    with running.place() as place, service(place.dsn, 0) as up:
        plan = Plan(load=Load(events=500, batch=1), addresses=up.addresses, connections=1)
        with Generator(plan) as generator:

            def pending_once_it_has_ended() -> int:
                generator.process.wait(60)
                return 2

            generator.go()
            generator.bound(pending_once_it_has_ended, 1)
            assert generator.report().accepted_events == 500
