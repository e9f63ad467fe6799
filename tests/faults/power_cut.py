"""Cut the power: the one fault that kill -9 cannot stand in for, since the page cache survives a kill.

python -m tests.faults.power_cut --cycles 100      nothing acknowledged may be lost
python -m tests.faults.power_cut --control         the same over the code with synchronous_commit = off
                                                   on append, which must lose: else the rig sees nothing

PostgreSQL lies on an ext4 whose image lies in memory. Every process of it is stopped in the middle of
the load and the image is copied: the copy has what was flushed, and nothing of what waited in caches.
PostgreSQL starts from the copy, and the journal of the clients is held against it.

Needs root and loop devices.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from eventlog.embedded import EmbeddedServer
from projections.install import set_up
from tests.faults.bugs.__main__ import applied, bugs, copy_tree
from tests.faults.checker import violations
from tests.faults.client import load
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack
from tests.support.waiting import until

IMAGE_MB = 320
BUG_OF_CONTROL = "append_without_waiting_for_the_disk"
# Small, so that the image is; all that makes a commit durable is as in production.
OPTIONS = {"shared_buffers": "64MB", "max_wal_size": "96MB", "min_wal_size": "32MB", "wal_buffers": "4MB"}


def why_not() -> str:
    """Return what this machine lacks, or nothing."""
    if os.geteuid() != 0:
        return "mounting needs root"
    found = subprocess.run(["losetup", "--find"], capture_output=True, text=True)
    return "" if found.returncode == 0 else f"no loop device: {found.stderr.strip()}"


@contextmanager
def rig(bindir: Path | None = None) -> Iterator[Path]:
    """Mount a place in memory for images, and make the image of a migrated server in it."""
    with tempfile.TemporaryDirectory(prefix="eventlog-power-", dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        _run("mount", "-t", "tmpfs", "-o", f"size={4 * IMAGE_MB}m,mode=755", "tmpfs", place)
        try:
            _make_image(place / "base.img", bindir)
            yield place
        finally:
            _run("umount", "--lazy", place)


def _make_image(image: Path, bindir: Path | None) -> None:
    with image.open("wb") as file:
        file.truncate(IMAGE_MB << 20)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", image)
    with mounted(image) as volume, EmbeddedServer(volume / "data", bindir=bindir, options=OPTIONS) as server:
        set_up(server.dsn, 4)


@contextmanager
def mounted(image: Path) -> Iterator[Path]:
    """Mount an image. The file system commits by itself only every ten minutes: a cut must not meet that."""
    volume = image.with_suffix("")
    volume.mkdir(exist_ok=True)
    _run("mount", "-o", "loop,commit=600", image, volume)
    try:
        yield volume
    finally:
        _run("umount", "--lazy", volume)


def cycle(place: Path, spawner: Spawner, seed: int, bindir: Path | None = None) -> tuple[int, list[str]]:
    """Run a load, cut the power, recover; return how many were acknowledged and what does not hold."""
    chance = random.Random(seed)
    journal = place / f"journal-{seed}.jsonl"
    running_image, cut_image = place / "running.img", place / "cut.img"
    _copy(place / "base.img", running_image)
    with mounted(running_image) as volume, ExitStack() as ends:
        server = EmbeddedServer(volume / "data", bindir=bindir, options=OPTIONS)
        server.start()
        stack = ends.enter_context(Stack(spawner, server.dsn, place))
        stack.start_api()
        stack.start_worker()
        with load(stack.port, journal, seed=seed, clients=3, timeout_seconds=2) as running:
            until(lambda: running.journal.acknowledged > 300, deadline_seconds=30)
            time.sleep(chance.uniform(0, 0.5))
            processes = _stop_all(server.postmaster.pid)
            _copy(running_image, cut_image)
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        psutil.wait_procs(processes, timeout=10)
        server.stop()
    return running.journal.acknowledged, _recovered(place, spawner, cut_image, journal, bindir)


def _recovered(place: Path, spawner: Spawner, image: Path, journal: Path, bindir: Path | None) -> list[str]:
    """Start from what was on the disk, project the rest, and return what does not hold."""
    with (
        mounted(image) as volume,
        EmbeddedServer(volume / "data", bindir=bindir, options=OPTIONS) as server,
        Stack(spawner, server.dsn, place) as stack,
    ):
        stack.start_worker()
        stack.drain()
        return violations([journal], server.dsn)


def _stop_all(postmaster: int) -> list[psutil.Process]:
    """Stop a postmaster, so that it forks no more, and then all that it forked."""
    main = psutil.Process(postmaster)
    main.send_signal(signal.SIGSTOP)
    processes = [main, *main.children(recursive=True)]
    for process in processes[1:]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    return processes


def _copy(image: Path, to: Path) -> None:
    _run("cp", "--sparse=always", image, to)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _told(found: list[str]) -> str:
    return "all there" if not found else f"{len(found)} lines of what is wrong, first {found[0]}"


def control(cycles: int, bindir: Path | None = None) -> int:
    """Run the same over a copy of the code that does not wait for the disk; 0 if the rig saw the loss."""
    bug = next(bug for bug in bugs() if bug.name == BUG_OF_CONTROL)
    with tempfile.TemporaryDirectory(prefix="eventlog-control-") as name:
        copy_tree(Path(name))
        assert applied(bug, Path(name)) == ""
        command = [sys.executable, "-m", "tests.faults.power_cut", "--cycles", str(cycles)]
        command += [] if bindir is None else ["--bindir", str(bindir)]
        done = subprocess.run(command, cwd=name, stdout=subprocess.PIPE, text=True)
    print(done.stdout.strip())
    seen = done.returncode == 3 and "I1_acknowledged_is_stored" in done.stdout
    print(f"control, synchronous_commit = off: {'the loss was seen' if seen else 'NO LOSS WAS SEEN'}")
    return 0 if seen else 3


def main() -> int:
    parser = argparse.ArgumentParser(description="Cut the power under load and look what is left.")
    parser.add_argument("--cycles", type=int, default=3)
    parser.add_argument("--control", action="store_true", help="show that the rig would see a loss")
    parser.add_argument("--bindir", type=Path, help="the folder with PostgreSQL's programs")
    options = parser.parse_args()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    return (control if options.control else _cycles)(options.cycles, options.bindir)


def _cycles(count: int, bindir: Path | None) -> int:
    acknowledged = unsound = 0
    with rig(bindir) as place:
        spawner = Spawner()
        for seed in range(1, count + 1):
            told, found = cycle(place, spawner, seed, bindir)
            acknowledged += told
            unsound += bool(found)
            print(f"cut {seed}: {told} acknowledged, {_told(found)}", flush=True)
        spawner.close()
    print(f"{count} power cuts, {acknowledged} acknowledged, {unsound} cuts after which something was wrong")
    return 3 if unsound else 0


if __name__ == "__main__":
    sys.exit(main())
