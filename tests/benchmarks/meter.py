"""What a step costs: CPU by process and thread, WAL, disk, dead rows, memory. Linux's /proc tells."""

import os
from collections import defaultdict
from pathlib import Path

import msgspec
import psutil

from eventlog.sessions.database import Connection
from tests.benchmarks.service import Service
from tests.benchmarks.statements import statement

ENDED = "postgres: sessions that ended"
TICK = os.sysconf("SC_CLK_TCK")

# Who and which (pid or tid) → CPU seconds since it began.
Reading = dict[tuple[str, int], float]


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a step cost, in total. CPU seconds are by who, the load generator with them."""

    cpu_seconds: dict[str, float]
    wal_bytes: int

    def per_event(self, events: int) -> dict[str, float]:
        """Return µs of CPU per event by who, the dearest first."""
        ordered = sorted(self.cpu_seconds.items(), key=lambda item: -item[1])
        return {who: round(seconds / events * 1e6, 2) for who, seconds in ordered if seconds > 0}


class Meter:
    """Reads the clocks of all processes at its making, and again for `cost`."""

    def __init__(self, observer: Connection, postmaster: int, service: Service | None) -> None:
        """`observer` is a superuser's session."""
        self._observer = observer
        self._postmaster = psutil.Process(postmaster)
        self._service = service
        self._wal = self._wal_position()
        self._before = self._read()

    def cost(self, generator_seconds: float) -> Cost:
        """Return what was used since; the generator tells its own."""
        after = self._read()
        spent: defaultdict[str, float] = defaultdict(float)
        for key, seconds in after.items():
            spent[key[0]] += seconds - self._before.get(key, 0.0)
        # The postmaster adds up whole lives; what was used before us is not our cost.
        ended = [s for key, s in self._before.items() if key not in after and key[0].startswith("postgres")]
        spent[ENDED] -= sum(ended)
        spent["load generator"] = generator_seconds
        noticeable = {who: round(each, 3) for who, each in spent.items() if each > 0.005}
        return Cost(cpu_seconds=noticeable, wal_bytes=self._wal_position() - self._wal)

    def _read(self) -> Reading:
        reading = _postgres(self._observer, self._postmaster)
        for name, process in self._service.processes.items() if self._service else ():
            reading.update(_threads(f"eventlog {name}", process.pid))
            for each in psutil.Process(process.pid).children(recursive=True):
                reading.update(_threads("eventlog api", each.pid))
        return reading

    def _wal_position(self) -> int:
        row = self._observer.execute(statement("wal_position")).fetchone()
        assert row is not None
        return int(row[0])


def _postgres(observer: Connection, postmaster: psutil.Process) -> Reading:
    known: dict[int, str] = dict(observer.execute(statement("sessions")).fetchall())
    reading: Reading = {}
    for child in postmaster.children():
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        reading[f"postgres: {known.get(child.pid, 'others')}", child.pid] = times.user + times.system
    own = postmaster.cpu_times()
    reading["postgres: postmaster", postmaster.pid] = own.user + own.system
    reading[ENDED, 0] = own.children_user + own.children_system
    return reading


def _threads(process: str, pid: int) -> Reading:
    reading: Reading = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name, _, fields = (task / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        name = "main" if int(task.name) == pid else name.rstrip("-_0123456789")
        user, system = fields.split()[11:13]
        reading[f"{process}: {name}", int(task.name)] = (int(user) + int(system)) / TICK
    return reading


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process or one below it had resident since it began."""
    below = psutil.Process(pid).children(recursive=True)
    return max(_peak_bytes(each) for each in (pid, *(child.pid for child in below)))


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def private_bytes(postmaster: int) -> int:
    """Return what the server's processes have for themselves now, beside the buffers that they share."""
    children = psutil.Process(postmaster).children()
    return sum(_private_bytes(pid) for pid in (postmaster, *(child.pid for child in children)))


def _private_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))
