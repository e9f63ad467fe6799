"""Simulating and shipping against the real service: every count exact, every payload back as it was."""

import asyncio
import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from publisher.simulation.simulate import Report, SendOptions, simulate
from publisher.simulation.workload import Workload
from tests.support.command_line import COMMAND, eventlog
from tests.support.real_input import LOGS, WEBHOOKS, needs_real_input
from tests.support.waiting import until


def run_simulation(api: str, seed: int, events: int = 3000) -> Report:
    workload = Workload(events=events, duplicates=0.3, topics=10, seed=seed)
    return asyncio.run(simulate(api, workload, SendOptions(batch=50, concurrency=8), quiet=True))


def run(api: str, folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line with its positions in the test's folder."""
    return eventlog(*arguments, EVENTLOG_URL=api, XDG_STATE_HOME=str(folder / "state"))


def shipped(api: str, folder: Path, *arguments: str | Path) -> dict[str, Any]:
    done = run(api, folder, "ship", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def read(api: str, path: str, accept: str = "application/json") -> bytes:
    request = urllib.request.Request(api + path, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=15) as answer:
        body = answer.read()
        assert isinstance(body, bytes)
        return body


def stats(api: str) -> dict[str, Any]:
    """Return the counts once nothing is pending."""

    def settled() -> dict[str, Any] | None:
        now = json.loads(read(api, "/stats"))
        return now if isinstance(now, dict) and now["pending"] == 0 else None

    settled_stats = until(settled, deadline_seconds=90)
    assert settled_stats is not None
    return settled_stats


def lines(api: str, topic: str) -> list[str]:
    """Return the shipped lines of a topic in log order."""
    answer = read(api, f"/events?topic={topic}&order=position", "application/x-ndjson")
    return [json.loads(line)["payload"]["line"] for line in answer.splitlines()]


def test_a_simulated_load_is_counted_exactly_and_a_repeated_one_as_duplicates(api: str) -> None:
    first = run_simulation(api, seed=7)
    assert first.holds, first.lines
    assert {line.name: (line.low, line.high) for line in first.lines}["unique"] == (2100, 2100)
    second = run_simulation(api, seed=7)
    assert second.holds, second.lines
    assert {line.name: line.got for line in second.lines}["unique"] == 0


def test_the_simulate_command_reports_and_exits_by_the_counts(api: str, tmp_path: Path) -> None:
    done = run(api, tmp_path, "simulate", "--events", "500", "--batch", "20", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["sent"], report["unique"], report["holds"]) == (500, 350, True)
    for_people = run(api, tmp_path, "simulate", "--events", "500", "--seed", "7")
    assert "Every count is as expected" in for_people.stdout


def test_an_api_that_is_not_there_is_exit_code_4(tmp_path: Path) -> None:
    (path := tmp_path / "app.log").write_text("one\n")
    for command in (["simulate", "--events", "10"], ["ship", str(path)]):
        done = run("http://127.0.0.1:1", tmp_path, *command)
        assert done.returncode == 4
        assert "is `eventlog up` running?" in done.stderr


def test_a_shipped_file_comes_back_line_by_line_and_again_only_as_duplicates(
    api: str, tmp_path: Path
) -> None:
    content = [f"2025-10-21 10:00:00,{n:03d} INFO line {n}\n  detail é \x1b[0m {n}" for n in range(1000)]
    (path := tmp_path / "app.log").write_text("\n".join(content) + "\n")
    assert shipped(api, tmp_path, path)["accepted"] == 1000
    before = stats(api)
    assert lines(api, "log.app.line") == content
    assert shipped(api, tmp_path, path)["records"] == 0
    assert shipped(api, tmp_path, path, "--restart")["accepted"] == 1000
    after = stats(api)
    assert after["unique_processed"] == before["unique_processed"] == 1000
    assert after["duplicate_dropped"] == 1000
    assert after["conflicts"] == 0


def test_ugly_bytes_are_shipped_without_loss(api: str, tmp_path: Path) -> None:
    path = tmp_path / "ugly.log"
    path.write_bytes(
        b"fine\n" * 20_000 + b"\xff\xfe\nnul \0\n" + b"\x01" * 300_000 + b"\n\xed\xa0\x80\nfine\n"
    )
    report = shipped(api, tmp_path, path)
    assert report["refused"] == 0
    assert stats(api)["unique_processed"] == report["records"] == 20_007


def test_bad_lines_are_named_and_the_good_ones_get_through(api: str, tmp_path: Path) -> None:
    bad = {2: b'{"n":1e999999}', 4: b'{"n":"\\u0000"}', 5: b"{", 7: b'{"d":' + b"[" * 80 + b"]" * 80 + b"}"}
    content = [bad.get(n, b'{"n":%d}' % n) for n in range(1, 10)]
    (path := tmp_path / "events.ndjson").write_bytes(b"\n".join(content) + b"\n")
    done = run(api, tmp_path, "ship", path, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["accepted"] == 5
    named = [line.split(":")[1] for line in done.stderr.splitlines() if line.startswith(str(path))]
    assert sorted(named) == ["2", "4", "5", "7"]


def test_a_killed_shipper_goes_on_where_it_was(api: str, tmp_path: Path) -> None:
    content = [f"2025-10-21 10:00:00 line {n}" for n in range(20_000)]
    (path := tmp_path / "app.log").write_text("\n".join(content) + "\n")
    environment = {**os.environ, "EVENTLOG_URL": api, "XDG_STATE_HOME": str(tmp_path / "state")}
    shipper = subprocess.Popen([*COMMAND, "ship", str(path), "--batch", "20", "--json"], env=environment)
    until(lambda: json.loads(read(api, "/stats"))["received"] > 100, deadline_seconds=30)
    shipper.send_signal(signal.SIGKILL)
    assert shipper.wait() == -signal.SIGKILL
    report = shipped(api, tmp_path, path)
    assert 0 < report["files"][0]["resumed_after_line"] < 20_000
    counts = stats(api)
    assert lines(api, "log.app.line") == content
    assert (counts["unique_processed"], counts["conflicts"]) == (20_000, 0)


def test_an_interrupted_shipper_exits_with_130(api: str, tmp_path: Path) -> None:
    (path := tmp_path / "app.log").write_text("one\n")
    environment = {**os.environ, "EVENTLOG_URL": api, "XDG_STATE_HOME": str(tmp_path / "state")}
    shipper = subprocess.Popen([*COMMAND, "ship", "-f", str(path)], env=environment)
    until(lambda: json.loads(read(api, "/stats"))["received"], deadline_seconds=30)
    shipper.send_signal(signal.SIGINT)
    assert shipper.wait(timeout=20) == 130


def test_standard_input_is_shipped_under_a_name(api: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "ship", "-", "--name", "app.log", "--url", api],
        input=b"one\ntwo\n",
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stats(api)
    assert lines(api, "log.app.line") == ["one", "two"]


@needs_real_input
def test_real_log_files_come_back_equal(api: str, tmp_path: Path) -> None:
    files = sorted(LOGS.glob("*.log"))
    report = shipped(api, tmp_path, "--partial", *files)
    assert report["accepted"] == stats(api)["unique_processed"] == 20_000
    for file in files:
        content = file.read_bytes().replace(b"\r\n", b"\n").removesuffix(b"\n").decode().split("\n")
        assert lines(api, f"log.{file.stem.lower()}.line") == content
    shipped(api, tmp_path, "--partial", *files, "--restart")
    counts = stats(api)
    assert (counts["unique_processed"], counts["duplicate_dropped"], counts["conflicts"]) == (
        20_000,
        20_000,
        0,
    )


@needs_real_input
def test_real_webhooks_come_back_to_the_byte(api: str, tmp_path: Path) -> None:
    flags = ("--topic-template", "github.{event}", "--id-field", "name", "--payload-field", "body")
    bodies = WEBHOOKS.read_bytes().splitlines()
    assert shipped(api, tmp_path, WEBHOOKS, *flags)["accepted"] == len(bodies)
    assert stats(api)["unique_processed"] == len(bodies)
    for line in bodies:
        delivery = json.loads(line)
        event = read(api, f"/events/github.{delivery['event']}/{delivery['name']}")
        assert line[line.index(b'"body":') + 7 : -1] in event
