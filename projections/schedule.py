"""What a worker plays next, and how much of it: decided from what is behind and what failed. No I/O.

Core comes before all others, as it is what publishers wait for. What fails together is tried one by one, in
halves; what fails alone rests for a while.
"""

import time
from collections import defaultdict
from collections.abc import Mapping

import msgspec

from eventlog.sessions.backoff import pause_seconds
from projections.projection import CORE, Projection

# The longest that a failed claim rests. What the database may mend by itself is tried sooner.
REST_SECONDS_MAX = 30.0
REST_SECONDS_MAX_IF_TRANSIENT = 2.0
# How often a worker plays a batch of other projections: while core is behind, and while so little waits for
# them that a batch would be small. Else each append would be paid for once more by each of them.
OTHERS_SECONDS = 1.0
LITTLE_SECONDS = 0.1
LITTLE_MAX = 500
# Below this lag, one worker takes the whole backlog: splitting it would make small, costly steps.
SHARED_MIN = 2000


class Claim(msgspec.Struct, frozen=True):
    """A partition of a version of a projection, and how far behind it is, in deliveries."""

    projection: str
    version: int
    partition: int
    schema_name: str
    lag: int
    suspected: bool

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells it from other claims."""
        return (self.projection, self.version, self.partition)


class ClaimBackoff(msgspec.Struct):
    """How often a claim failed in a row, and until when it is left alone (monotonic seconds)."""

    failures: int = 0
    until: float = 0.0


AWAKE = ClaimBackoff()


class Schedule:
    """What one worker remembers of its claims."""

    def __init__(self, projections: Mapping[str, Projection], batch_size: int) -> None:
        self._projections = projections
        self._batch_size = batch_size
        # The batch to try next of each claim: halved by bad content, doubled by good.
        self._sizes: defaultdict[tuple[str, int, int], int] = defaultdict(lambda: batch_size)
        self._resting: dict[tuple[str, int, int], ClaimBackoff] = {}
        self._others_at = 0.0
        self._others_wait = False

    def due(self, claims: list[Claim]) -> list[list[Claim]]:
        """Return what to play in this round, each list in one transaction.

        While core is behind at all, the others together get one batch a second: a large one, then, and
        so a cheap one. They may fall back under a load that lasts, and catch up after it.
        """
        now = time.monotonic()
        due = [claim for claim in claims if now >= self._resting.get(claim.key, AWAKE).until]
        core = self._put_together([claim for claim in due if claim.projection == CORE.name])
        others = [claim for claim in due if claim.projection != CORE.name]
        wait = bool(core) or self._is_little(others)
        self._others_wait = bool(others) and wait and now < self._others_at
        if self._others_wait or not others:
            return core
        self._others_at = now + (OTHERS_SECONDS if core else LITTLE_SECONDS)
        together = self._put_together(others)
        return core + (together[:1] if core else together)

    def look_again_at(self, poll_at: float) -> float:
        """Return when others are due that wait for their time, if any do; else `poll_at`."""
        return self._others_at if self._others_wait else poll_at

    def _is_little(self, claims: list[Claim]) -> bool:
        """Whether so little waits that it had better wait for more; one batch each projects it all."""
        in_one = all(claim.lag <= self._sizes[claim.key] for claim in claims)
        return in_one and sum(claim.lag for claim in claims) < LITTLE_MAX

    def _put_together(self, claims: list[Claim]) -> list[list[Claim]]:
        """Return claims that can be played in one transaction; each alone of which the last batch failed."""
        together: defaultdict[tuple[object, ...], list[Claim]] = defaultdict(list)
        for claim in claims:
            healthy = not claim.suspected and self._sizes[claim.key] == self._batch_size
            shared = healthy and self._projections[claim.projection].each is None
            together[claim.key[:2] if shared else claim.key].append(claim)
        return list(together.values())

    def size(self, claims: list[Claim]) -> int:
        """Return how many deliveries to play at most."""
        return self._sizes[claims[0].key]

    def good(self, claims: list[Claim], size: int) -> None:
        """Note that a batch of this size was projected."""
        for claim in claims:
            self._sizes[claim.key] = min(self._batch_size, size * 2)

    def bad(self, claims: list[Claim], size: int) -> None:
        """Note that a batch of this size could not be projected: each claim alone, then, and less of it."""
        for claim in claims:
            # Never more than there was: else a small batch would be halved in vain.
            self._sizes[claim.key] = max(1, min(size, claim.lag) // 2)

    def rest(self, claim: Claim, *, transient: bool) -> tuple[int, float]:
        """Leave a claim that failed alone for a while; return its failures in a row and the seconds."""
        rest = self._resting.setdefault(claim.key, ClaimBackoff())
        rest.failures += 1
        ceiling = REST_SECONDS_MAX_IF_TRANSIENT if transient else REST_SECONDS_MAX
        seconds = pause_seconds(rest.failures, ceiling)
        rest.until = time.monotonic() + seconds
        return rest.failures, seconds

    def rested(self, claims: list[Claim]) -> None:
        """Note that claims do not fail any more."""
        for claim in claims:
            self._resting.pop(claim.key, None)


def enough(claims: list[Claim], size: int) -> int:
    """Return of how many deliveries to take claims: of much that is behind, half is left to other workers."""
    return min(size, max(SHARED_MIN, sum(claim.lag for claim in claims) // 2))
