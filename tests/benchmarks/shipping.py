"""What shipping files costs: `python -m tests.benchmarks.shipping [--beside FOLDER] [--lines 600000]`.

Three figures of `eventlog ship` over a real API and PostgreSQL: lines of an nginx log a second of the
shipper's CPU time from the file into the log, the most memory it had, and the CPU time of a follower of
thousands of files at rest. FOLDER is a checkout of another commit; its shipper takes turns with this one.
CPU time and not the clock's is measured: on a machine that others use too, only that repeats.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.arena import arena, prepare
from tests.benchmarks.driving import wait_until
from tests.benchmarks.service import service
from tests.support.root import ROOT

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "curl/8.5.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
)
ROUNDS = 3
IDLE_SECONDS = 30.0


def nginx_log(path: Path, lines: int) -> None:
    """Write a log of nginx's combined format, some hundred requests a second."""
    chance = random.Random(7)
    with path.open("w") as file:
        for number in range(lines):
            second = number // 300
            stamp = f"21/Oct/2025:{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d} +0200"
            request = f"GET /shop/items/{chance.randrange(99999)}?page={chance.randrange(40)} HTTP/1.1"
            address = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
            sizes = f"{chance.choice((200, 200, 200, 304, 404))} {chance.randrange(60000)}"
            agent = chance.choice(AGENTS)
            file.write(f'{address} - - [{stamp}] "{request}" {sizes} "https://shop.example/" "{agent}"\n')


class Shipped:
    """One run's CPU seconds, its peak of memory, and how long it took."""

    def __init__(self, code: Path, url: str, path: Path) -> None:
        with tempfile.TemporaryDirectory() as state:
            command = [sys.executable, "-m", "eventlog", "ship", "--json", "--state-dir", state, str(path)]
            began = time.monotonic()
            child = subprocess.Popen(command, cwd=code, env=_environment(url), stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - began
        if child.returncode:
            raise RuntimeError(f"the shipper of {code} ended with {child.returncode}")
        self.cpu = used.ru_utime + used.ru_stime
        self.peak_mib = used.ru_maxrss / 1024


def _environment(url: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("EVENTLOG_", "PYTHON"))}
    return {**kept, "EVENTLOG_URL": url}


def measure_speed(url: str, folder: Path, lines: int, codes: list[Path]) -> None:
    """Ship the same lines by turns, each time as a file of its own."""
    found: dict[Path, list[Shipped]] = {code: [] for code in codes}
    nginx_log(log := folder / "access.log", lines)
    for number in range(ROUNDS):
        for code in codes:
            path = folder / f"access-{number}-{len(found[code])}-{codes.index(code)}x.log"
            shutil.copyfile(log, path)
            found[code].append(Shipped(code, url, path))
            path.unlink()
    for code, runs in found.items():
        rates = sorted(lines / run.cpu for run in runs)
        peak = max(run.peak_mib for run in runs)
        clock = max(lines / run.seconds for run in runs)
        print(
            f"{code.name}: {statistics.median(rates):,.0f} lines/CPU s ({rates[0]:,.0f} to "
            f"{rates[-1]:,.0f}), at best {clock:,.0f} lines/s by the clock, {peak:.0f} MiB",
            flush=True,
        )


def measure_idle(url: str, folder: Path, files: int) -> None:
    """Follow files of which nothing comes, and say what that costs."""
    for number in range(files):
        (folder / f"idle-{number}.log").write_text(f"2025-10-21 10:00:00 file {number}\n")
    command = [sys.executable, "-m", "eventlog", "ship", "--follow", "--state-dir", str(folder / "state")]
    child = subprocess.Popen(
        [*command, f"{folder}/idle-*.log"], env=_environment(url), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        process = psutil.Process(child.pid)
        wait_until(lambda: process.num_fds() > files, 300.0)
        _wait_for_rest(process)
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        time.sleep(IDLE_SECONDS)
        used, passed = sum(process.cpu_times()[:2]) - before, time.monotonic() - began
        memory = process.memory_info().rss >> 20
        print(f"{files:,} files at rest: {used / passed:.1%} of a core, {memory} MiB", flush=True)
    finally:
        child.terminate()
        child.wait()


def _wait_for_rest(process: psutil.Process) -> None:
    """Wait until two seconds in a row cost about the same, and little."""
    last = -1.0
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        before = sum(process.cpu_times()[:2])
        time.sleep(5)
        used = sum(process.cpu_times()[:2]) - before
        if last >= 0 and abs(used - last) < 0.1:
            return
        last = used


def main() -> int:
    """Measure what the flags say."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--beside", type=Path, help="a checkout of another commit")
    flags.add_argument("--lines", type=int, default=600_000)
    flags.add_argument("--files", type=int, default=5_000)
    given = flags.parse_args()
    codes = [ROOT, *([given.beside.resolve()] if given.beside else [])]
    with arena() as running, running.place() as place, service(place.dsn, 0) as up:
        host, port = up.addresses[0]
        url = f"http://{host}:{port}"
        with tempfile.TemporaryDirectory() as folder:
            if given.lines:
                measure_speed(url, Path(folder), given.lines, codes)
            if given.files:
                measure_idle(url, Path(folder), given.files)
    return 0


if __name__ == "__main__":
    prepare()
    sys.exit(main())
