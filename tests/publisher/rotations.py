"""Random schedules of a writer, of rotation, and of kills: every line once, or the loss is named.

    python -m tests.publisher.rotations --schedules 2000
    python -m tests.publisher.rotations --seed 17

The shipper is a process of its own that is killed with SIGKILL; the peer drops connections before and after
it has stored a batch, and refuses service for a while. It has looked at the path once before anything happens
to it. After each schedule the events are held against the lines written.
"""

import argparse
import asyncio
import bz2
import gzip
import json
import lzma
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lz4.frame
from backports import zstd

from publisher.client import Client
from publisher.ship.positions import Positions
from publisher.ship.report import ShipReport
from publisher.ship.ship import ship
from publisher.ship.shipping import Shipping, Talk
from tests.publisher.peer import Peer, answering, dropping, running_peer

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
    ".lz4": lz4.frame.compress,
}
LOGROTATE = (
    "copytruncate",
    "copytruncate\n compress",
    "create",
    "create\n compress",
    "create\n compress\n delaycompress\n compresscmd /usr/bin/xz\n compressext .xz",
    "create\n olddir old",
    "create\n olddir old\n compress",
)
DEADLINE_SECONDS = 60.0


@dataclass
class Outcome:
    """What a schedule came to."""

    seed: int
    written: int
    missing: list[str]
    repeated: list[str]
    foreign: list[str]
    disordered: list[str]
    named: list[str]
    acts: list[str]

    @property
    def holds(self) -> bool:
        """Tell whether every line came once and in its file's order, or a loss was named that covers it."""
        return not (self.repeated or self.foreign or self.disordered) and self.is_covered

    @property
    def is_covered(self) -> bool:
        """Tell whether the report names as many lines as are missing, or says that it cannot tell."""
        amounts = [re.search(r"about ([\d,]+) lines", text) for text in self.named]
        told = sum(int(amount[1].replace(",", "")) for amount in amounts if amount)
        return len(self.missing) <= told or (bool(self.missing) and None in amounts)


@dataclass
class Schedule:
    """One folder, one writer, one shipper at a time."""

    seed: int
    peer: Peer
    folder: Path
    written: list[str] = field(default_factory=list)
    generation: int = 0
    file_of: dict[str, int] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    child: int = 0
    rotations: int = 0
    looked_at: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.path = self.logs / "app.log"
        self.said = self.folder / "said"
        self.stamped = self.random.random() < 0.7
        self.whole_folder = self.random.random() < 0.3
        self.writer = self.path.open("ab", buffering=0)
        self.deletes = self.random.random() < 0.2
        # Real logrotate knows no files but its own, so it is the only one to rotate then.
        self.program = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin")
        self.kind = self.random.choice(LOGROTATE) if self.program and self.random.random() < 0.25 else None

    def run(self) -> Outcome:
        """Play it to its end."""
        acts: list[tuple[int, Callable[[], None]]] = [
            (8, self.write),
            (2, self.write_half),
            *self._rotation(),
            (3, self.follow),
            (3, self.once),
            (2, self.kill),
            (2, self.trouble),
            (2, self.wait),
            (1 if self.deletes else 0, self.delete),
        ]
        weights = [weight for weight, _ in acts]
        if self.random.random() < 0.8:
            self.write()
        self._start(follow=False)
        self._wait_for_end()
        for _ in range(self.random.randint(8, 25)):
            act = self.random.choices([act for _, act in acts], weights)[0]
            self.acts.append(act.__name__)
            act()
        return self.finish()

    def _rotation(self) -> list[tuple[int, Callable[[], None]]]:
        if self.kind is not None:
            return [(6, self.logrotate)]
        return [
            (3, self.rename),
            (2, self.rename_and_late),
            (2, self.copy_and_truncate),
            (2, self.rename_and_pack),
            (1, self.to_another_folder),
        ]

    # The writer.

    def write(self) -> None:
        for _ in range(self.random.randint(1, 40)):
            self._line(f"line {len(self.written)}")

    def write_half(self) -> None:
        text = self._text(f"halves {len(self.written)}")
        self.writer.write(text[:15].encode())
        time.sleep(self.random.choice([0, 0, 0.7]))
        self.writer.write(text[15:].encode() + b"\n")
        self._note(text)

    def _line(self, text: str) -> None:
        text = self._text(text)
        self.writer.write(text.encode() + b"\n")
        self._note(text)

    def _note(self, text: str) -> None:
        self.written.append(text)
        self.file_of[text] = self.generation

    def _text(self, text: str) -> str:
        number = len(self.written)
        return f"2025-10-21 10:{number // 60 % 60:02d}:{number % 60:02d} {text}" if self.stamped else text

    def _reopen(self) -> None:
        self.generation += 1
        self.writer.close()
        self.writer = self.path.open("ab", buffering=0)

    # Rotation.

    def _shift(self) -> Path:
        for number in range(9, 0, -1):
            for old in self.logs.glob(f"app.log.{number}*"):
                suffix = old.name.removeprefix(f"app.log.{number}")
                if not suffix or suffix.startswith("."):
                    old.rename(self.logs / f"app.log.{number + 1}{suffix}")
        return self.logs / "app.log.1"

    def rename(self) -> None:
        self.rotations += 1
        dated = self.logs / f"app.log-20251021-{self.rotations:06d}"
        self.path.rename(self._shift() if self.random.random() < 0.7 else dated)
        self._reopen()

    def rename_and_late(self) -> None:
        self.path.rename(self._shift())
        time.sleep(self.random.choice([0, 0.3, 0.8]))
        self._line(f"late {len(self.written)}")
        self._reopen()

    def copy_and_truncate(self) -> None:
        shutil.copyfile(self.path, self._shift())
        os.truncate(self.path, 0)
        self.generation += 1

    def rename_and_pack(self) -> None:
        suffix = self.random.choice(list(PACKERS))
        self.path.rename(there := self._shift())
        self._reopen()
        time.sleep(self.random.choice([0, 0, 0.3]))
        (packed := Path(f"{there}{suffix}")).write_bytes(PACKERS[suffix](there.read_bytes()))
        status = there.stat()
        os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
        there.unlink()

    def to_another_folder(self) -> None:
        self.rotations += 1
        (old := self.logs / "old").mkdir(exist_ok=True)
        self.path.rename(old / f"app.log.{self.rotations}")
        self._reopen()

    def logrotate(self) -> None:
        assert self.program is not None
        (self.logs / "old").mkdir(exist_ok=True)
        config = self.folder / "logrotate.conf"
        config.write_text(f'"{self.path}" {{\n rotate 20\n size 1\n missingok\n {self.kind}\n}}\n')
        config.chmod(0o644)
        state = str(self.folder / "logrotate.state")
        subprocess.run([self.program, "-f", "-s", state, str(config)], check=False, capture_output=True)
        self._reopen()

    def delete(self) -> None:
        # What no shipper has ever seen cannot be missed.
        seen = [path for path in sorted(self.logs.glob("app.log*")) if path.stat().st_ino in self.looked_at]
        if not seen:
            return
        (target := self.random.choice(seen)).unlink()
        if target == self.path:
            self._reopen()

    # The shipper and its peer.

    def follow(self) -> None:
        self.kill()
        self._start(follow=True)

    def once(self) -> None:
        self.kill()
        self._start(follow=False)
        if self.random.random() < 0.7:
            self._wait_for_end()

    def kill(self) -> None:
        if self.child:
            os.kill(self.child, self.random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
            os.waitpid(self.child, 0)
            self.child = 0

    def trouble(self) -> None:
        kinds = [dropping(stored=True), dropping(stored=False), answering(503, "starting")]
        self.peer.faults.extend(self.random.choice(kinds) for _ in range(self.random.randint(1, 3)))

    def wait(self) -> None:
        time.sleep(self.random.choice([0.05, 0.3, 0.7, 1.3]))

    def _start(self, *, follow: bool) -> None:
        sys.stdout.flush()
        self.child = os.fork()
        if self.child == 0:
            status = 1
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                asyncio.run(self._ship(follow))
                status = 0
            finally:
                os._exit(status)

    async def _ship(self, follow: bool) -> None:
        def say(text: str) -> None:
            with self.said.open("a") as file:
                file.write(text + "\n")

        shipping = Shipping(follow=follow, batch=self.random.choice([1, 5, 100]))
        positions = Positions(self.folder / "positions", shipping.way(self.peer.url))
        talk = Talk(say, lambda line: say(str(line)), lambda path, place: None)
        target = str(self.logs / "app.log*") if self.whole_folder else str(self.path)
        async with Client(self.peer.url, attempts_max=None, deadline_seconds=None) as client:
            await ship([target], shipping, client, positions, talk, ShipReport())

    def _wait_for_end(self) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.child:
            done, _ = os.waitpid(self.child, os.WNOHANG)
            if done:
                self.child = 0
                self.looked_at.add(self.path.stat().st_ino)
            elif time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"seed {self.seed}: the shipper does not end: {self.acts}")
            time.sleep(0.005)

    def finish(self) -> Outcome:
        """Ship what is left, and compare."""
        self.kill()
        self.peer.faults.clear()
        for _ in range(2):
            self._start(follow=False)
            self._wait_for_end()
        self.writer.close()
        # A dict keeps the place of the first of equal keys: an event lies where it first came.
        lines = [
            line
            for event in {(e["topic"], e["event_id"]): e for e in self.peer.events}.values()
            for line in str(_payload(event)["line"]).split("\n")
        ]
        shipped = Counter(lines)
        written = Counter(self.written)
        said = self.said.read_text().splitlines() if self.said.exists() else []
        return Outcome(
            seed=self.seed,
            written=len(self.written),
            missing=sorted(written - shipped),
            repeated=sorted((shipped - written) & written) if shipped - written else [],
            foreign=sorted(line for line in shipped if line not in written),
            disordered=self._disordered(lines),
            named=[text for text in said if "is gone" in text],
            acts=self.acts,
        )

    def _disordered(self, lines: list[str]) -> list[str]:
        """Return the lines that came before one that was written earlier to the same file."""
        numbers = {text: number for number, text in enumerate(self.written)}
        last: dict[int, int] = {}
        found = []
        for line in lines:
            if line in numbers:
                file, number = self.file_of[line], numbers[line]
                found += [line] if number < last.get(file, -1) else []
                last[file] = number
        return found


def _payload(event: dict[str, object]) -> dict[str, Any]:
    payload = event["payload"]
    assert isinstance(payload, dict)
    return payload


class PeerThread:
    """The peer, in a thread of its own, so that the schedules may fork."""

    def __init__(self) -> None:
        self.peer: Peer | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Peer:
        self._thread.start()
        self._ready.wait()
        assert self.peer is not None
        return self.peer

    def __exit__(self, *exception: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with running_peer() as self.peer:
            self._ready.set()
            await self._stop.wait()


def play(seed: int, peer: Peer) -> Outcome:
    """Play one schedule on a clean peer."""
    peer.events.clear()
    peer.bodies.clear()
    peer.headers.clear()
    peer.faults.clear()
    with tempfile.TemporaryDirectory() as folder:
        return Schedule(seed, peer, Path(folder)).run()


def main() -> None:
    """Play schedules, and say which failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    seeds = [chosen.seed] if chosen.seed is not None else range(chosen.first, chosen.first + chosen.schedules)
    failed: list[int] = []
    lines = lost = named = 0
    with PeerThread() as peer:
        for seed in seeds:
            outcome = play(seed, peer)
            lines, lost = lines + outcome.written, lost + len(outcome.missing)
            named += bool(outcome.missing)
            if not outcome.holds or chosen.seed is not None:
                shown = {"missing": outcome.missing[:5], "repeated": outcome.repeated[:5]}
                print(json.dumps({**outcome.__dict__, **shown}), flush=True)
            failed += [] if outcome.holds else [seed]
    print(
        f"{len(seeds)} schedules, {lines:,} lines; {lost:,} missing in {named} schedules, each with a "
        f"deletion that the report names; failed: {failed or 'none'}"
    )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
