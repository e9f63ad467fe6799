"""`eventlog demo`: exact counts with a killed worker, an exit code to rely on, nothing left behind."""

import json
import re
import signal
import urllib.request
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.publisher.demo.running_demo import descendants, file_of_demo, run_demo, running_demo, still_running
from tests.support.events import event
from tests.support.waiting import until

LISTENS = re.compile(r"listens on (http://\S+?);")


def test_every_count_is_exact_though_a_worker_is_killed(folder: Path) -> None:
    code, output, talk = run_demo(folder, "--events", "3000", "--duplicates", "0.3", "--json")
    assert code == 0, talk
    report = json.loads(output)
    assert report["exact"] is True
    assert report["kill"]["acknowledged"] >= 1500
    counts = {
        count["name"]: (count["sent"], count["stats"], count["recounted"]) for count in report["counts"]
    }
    assert counts == {
        "received": (3000, 3000, 3000),
        "unique": (2100, 2100, 2100),
        "duplicates": (900, 900, 900),
        "conflicts": (0, 0, 0),
        "quarantined": (0, 0, None),
        "pending": (0, 0, None),
    }
    assert {fact["wrong"] for fact in report["facts"]} == {0}
    assert list(folder.iterdir()) == []


def test_the_report_names_each_count_and_its_talk_stays_off_stdout(folder: Path) -> None:
    code, output, talk = run_demo(folder, "--events", "300")
    assert code == 0, talk
    assert re.search(r"duplicates +90 +90 +✓ +90 +✓", output)
    assert "Every count is exact" in output
    assert "kill -9 worker 1" in talk
    assert "kill -9 worker 1; " not in output
    assert "✗" not in output


def test_an_event_that_the_demo_did_not_send_makes_it_exit_3(folder: Path) -> None:
    with running_demo(folder, "--events", "3000") as process:
        said = file_of_demo(folder, "api.log", process)
        found = until(lambda: LISTENS.search(said.read_text()), deadline_seconds=60)
        assert found is not None
        # The workers are only started once the API is ready.
        file_of_demo(folder, "worker-1.log", process)
        publish(found[1])
        output, talk = process.communicate(timeout=120)
    assert process.returncode == 3, talk
    assert "Not every count is exact" in output
    assert re.search(r"received +3,000 +3,001 +✗ +3,001 +✗", output)
    assert "1 wrong" in output
    assert list(folder.iterdir()) == []


def publish(url: str) -> None:
    request = urllib.request.Request(
        f"{url}/publish",
        data=json.dumps(event()).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202


def test_a_kept_database_is_there_to_be_looked_at(folder: Path) -> None:
    code, output, talk = run_demo(folder, "--events", "300", "--keep")
    assert code == 0, talk
    (kept,) = folder.iterdir()
    assert f"export EVENTLOG_DATA_DIR={kept}" in output
    with EmbeddedServer(kept) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (210,)


@pytest.mark.parametrize("moment", ["postgres.log", "api.log", "worker-2.log"])
def test_an_interrupted_demo_leaves_nothing_behind(folder: Path, moment: str) -> None:
    with running_demo(folder, "--events", "200000") as process:
        file_of_demo(folder, moment, process)
        parts = descendants(process)
        process.send_signal(signal.SIGINT)
        _, talk = process.communicate(timeout=60)
    assert process.returncode == 130, talk
    assert "Traceback" not in talk
    until(lambda: still_running(parts) == [], message="parts of it are still there")
    assert list(folder.iterdir()) == []


def test_a_demo_that_is_killed_leaves_no_process(folder: Path) -> None:
    with running_demo(folder, "--events", "200000") as process:
        file_of_demo(folder, "worker-2.log", process)
        parts = descendants(process)
        assert len(parts) > 4, "PostgreSQL, the API and the workers"
        process.kill()
        process.communicate(timeout=60)
    until(
        lambda: not still_running(parts),
        deadline_seconds=30,
        message=lambda: f"still running: {still_running(parts)}",
    )
