"""What keys use in one process, held against its share of their quotas.

Rates and streams are counted by each process alone: its share is a quota divided by the number of processes,
so a client whose connections are all with one of them gets that share. Events of a day are those of the log:
eventlog/keys/day_counts.py.

A publish is let in by its head: there must be room for one event, and for the bytes that it announces, or
for as many as a second brings. What else turns out to be in it, further events or a body without a length,
is taken as a debt, which is paid before anything else is let in. So no batch is too large for a quota, and no
quota is exceeded for long.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from eventlog.keys.day_counts import DayCounts
from eventlog.keys.errors import QuotaExceeded
from eventlog.keys.quotas import UNLIMITED, Quotas
from eventlog.keys.token_bucket import TokenBucket

# What a refused client is told to wait where nothing says how long it takes.
STREAM_AFTER_SECONDS = 5
# For a day's quota that may yet turn out not to be used up: some of what is with the writer may fail.
UNSURE_AFTER_SECONDS = 1
# Windows, in seconds: as much as a bucket holds comes in again in this time.
WINDOWS = {"events_per_second": 1, "bytes_per_second": 1, "sql_seconds_per_hour": 3_600}
_DAY = 86_400


class QuotaStanding(NamedTuple):
    """How a key stands with one quota in this process. `window` is in seconds; None where it has none."""

    name: str
    share: int
    window: int | None
    left: int
    reset_seconds: int | None


class KeyMeter:
    """What one key uses. Of the event loop, but for what day_counts.py says."""

    def __init__(
        self,
        key_id: str,
        processes: int,
        days: DayCounts,
        refused: Counter[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key_id = key_id
        self._processes = processes
        self._days = days
        self._refused = refused
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}
        self._quotas = UNLIMITED
        self._streams = 0
        # Events that went to the writer since this process began, less what surely is not in the log.
        self.taken = 0
        # Whether too much is refused, or only counted.
        self.enforced = True

    @property
    def quotas(self) -> Quotas:
        """The quotas that hold."""
        return self._quotas

    @property
    def counts_days(self) -> bool:
        """Whether an append is to count its deliveries."""
        return self._quotas.events_per_day is not None

    def change(self, quotas: Quotas) -> None:
        """Hold it against these from now on."""
        if quotas == self._quotas:
            return
        self._quotas = quotas
        limits = quotas.set()
        for name, window in WINDOWS.items():
            if name not in limits:
                self._buckets.pop(name, None)
                continue
            rate = limits[name] / window / self._processes
            # One event, one byte, one second must fit in, or nothing ever would.
            capacity = max(1.0, rate * window)
            if name in self._buckets:
                self._buckets[name].change(rate, capacity)
            else:
                self._buckets[name] = TokenBucket(rate, capacity, self._clock)

    def require_publish(self, size: int) -> None:
        """Raise QuotaExceeded unless a publish of so many bytes may come in."""
        self._require("events_per_second", 1)
        self._require("bytes_per_second", max(1, size))
        self._require_day()

    def admit_publish(self, size: int) -> None:
        """Let a publish in, and count what its head tells. Raises as require_publish."""
        self.require_publish(size)
        self._take("events_per_second", 1)
        self._take("bytes_per_second", size)

    def take_bytes(self, size: int) -> None:
        """Count bytes of a body that its head did not announce."""
        self._take("bytes_per_second", size)

    def begin_events(self, events: int) -> None:
        """Count what turned out to be in a publish, which goes to the writer now."""
        self._take("events_per_second", events - 1)
        self.taken += events

    def give_back_events(self, events: int) -> None:
        """Note that they are surely not in the log."""
        self.taken -= events

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a stream that is open. Raises QuotaExceeded."""
        limit = self._share_of_streams()
        if limit is not None and self._streams >= limit:
            self._exceeded("streams", STREAM_AFTER_SECONDS)
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    def require_statement(self) -> None:
        """Raise QuotaExceeded while statements that ran before have used up the seconds."""
        self._require("sql_seconds_per_hour", 0)

    @contextmanager
    def statement(self) -> Iterator[None]:
        """Count how long a statement takes."""
        began = self._clock()
        try:
            yield
        finally:
            self._take("sql_seconds_per_hour", self._clock() - began)

    def standings(self) -> Iterator[QuotaStanding]:
        """Yield how the key stands with each quota that is set."""
        for name, limit in self._quotas.set().items():
            if (bucket := self._buckets.get(name)) is not None:
                left = bucket.left()
                full = math.ceil((bucket.capacity - left) / bucket.rate)
                yield QuotaStanding(name, int(bucket.capacity), WINDOWS[name], max(0, int(left)), full)
            elif name == "streams":
                share = self._share_of_streams() or 0
                yield QuotaStanding(name, share, None, max(0, share - self._streams), None)
            else:
                left_of_day = max(0, limit - self._used_today())
                yield QuotaStanding(name, limit, _DAY, left_of_day, math.ceil(self._days.seconds_left()))

    def _share_of_streams(self) -> int | None:
        limit = self._quotas.streams
        return None if limit is None else math.ceil(limit / self._processes)

    def _used_today(self) -> int:
        return self._days.in_log(self._key_id) + self._days.since(self._key_id, self.taken)

    def _require(self, name: str, amount: float) -> None:
        bucket = self._buckets.get(name)
        if bucket is not None and (wait := bucket.wait_seconds(amount)) > 0:
            self._exceeded(name, math.ceil(wait))

    def _require_day(self) -> None:
        limit = self._quotas.events_per_day
        if limit is None or self._used_today() < limit:
            return
        is_sure = self._days.in_log(self._key_id) >= limit
        self._exceeded(
            "events_per_day", math.ceil(self._days.seconds_left()) if is_sure else UNSURE_AFTER_SECONDS
        )

    def _take(self, name: str, amount: float) -> None:
        if (bucket := self._buckets.get(name)) is not None:
            bucket.take(amount)

    def _exceeded(self, name: str, after_seconds: int) -> None:
        self._refused[name] += 1
        if self.enforced:
            raise QuotaExceeded(name, getattr(self._quotas, name), max(1, after_seconds))


class KeyMeters:
    """The meters of one process: one for each key that has a quota and was used."""

    def __init__(self, processes: int, days: DayCounts, *, enforced: bool) -> None:
        self._processes = processes
        self._days = days
        self._enforced = enforced
        # How often each quota was used up.
        self.refused: Counter[str] = Counter()

    def of(self, key_id: str, quotas: Quotas) -> KeyMeter | None:
        """Return a key's meter; None where it may use as much as there is."""
        meters = self._days.meters
        if quotas == UNLIMITED:
            meters.pop(key_id, None)
            return None
        meter = meters.get(key_id)
        if meter is None:
            meter = meters[key_id] = KeyMeter(key_id, self._processes, self._days, self.refused)
            meter.enforced = self._enforced
        meter.change(quotas)
        return meter
