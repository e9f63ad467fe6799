"""Compare what the server says it counted with what was sent to it. Pure."""

from dataclasses import dataclass

import msgspec


class ServerStats(msgspec.Struct, frozen=True):
    """The counts of GET /stats that a publisher can check."""

    received: int
    unique_processed: int
    duplicate_dropped: int
    conflicts: int
    quarantined: int
    pending: int
    balanced: bool = True


@dataclass(frozen=True, slots=True)
class SentCounts:
    """What a publisher knows: every delivery it sent is acknowledged, refused or of unknown outcome."""

    acknowledged: int
    unique: int  # different events among all deliveries it meant to send
    not_acknowledged: int = 0  # refused, or given up on
    perhaps_stored: int = 0  # deliveries in failed attempts that may be in the log nevertheless
    known_before: bool = False  # an earlier run sent the same events: how many are new is not ours to say


@dataclass(frozen=True, slots=True)
class CheckedCount:
    """One count: what it must be (inclusive bounds, equal when exact) and what it is."""

    name: str
    low: int
    high: int
    got: int

    @property
    def holds(self) -> bool:
        """Tell whether the server's count lies within the bounds."""
        return self.low <= self.got <= self.high

    @property
    def expected(self) -> str:
        """Write the bounds for people."""
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,} – {self.high:,}"


def compare(before: ServerStats, after: ServerStats, sent: SentCounts) -> list[CheckedCount]:
    """Return every count with its bounds, assuming that nobody else published between the two readings."""
    received_high = sent.acknowledged + sent.perhaps_stored
    unique_low = 0 if sent.known_before else max(0, sent.unique - sent.not_acknowledged)
    unique_high = min(sent.unique, received_high)
    return [
        CheckedCount("received", sent.acknowledged, received_high, after.received - before.received),
        CheckedCount("unique", unique_low, unique_high, after.unique_processed - before.unique_processed),
        CheckedCount(
            "duplicates",
            max(0, sent.acknowledged - unique_high),
            received_high - unique_low,
            after.duplicate_dropped - before.duplicate_dropped,
        ),
        CheckedCount("conflicts", 0, 0, after.conflicts - before.conflicts),
        CheckedCount("quarantined", 0, 0, after.quarantined - before.quarantined),
        CheckedCount("pending", 0, 0, after.pending),
        CheckedCount("out of balance", 0, 0, 0 if after.balanced else 1),
    ]


def percentile(ordered: list[float], share: float) -> float:
    """Return the value below which `share` of the ordered values lie (nearest rank); 0 for none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]
