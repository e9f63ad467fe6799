"""What this process was asked, and what it answered: counted for /metrics.

What a stranger chooses names no series: a path that is no route is `other`, and so is an odd method. Keys
have series of their own up to a number, as they come; none becomes another's later, since no series may fall.
"""

from collections import Counter, defaultdict
from typing import Any

from api.http import paths
from eventlog.distribution import Distribution

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
KEYS_SHOWN_MAX = 100
OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
PUBLISH = paths.PUBLISH[0]


class Traffic:
    """Of one process."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.seconds: defaultdict[str, Distribution] = defaultdict(lambda: Distribution(SECONDS))
        self.bytes_in = 0
        # Of each key: requests, events.
        self.of_keys: dict[str, list[int]] = {}
        self._publish_seconds = self.seconds[PUBLISH]
        self.published_directly = 0

    def published(self, key: str | None, events: int, size: int, seconds: float) -> None:
        """Count a publish that was taken by the short way, which is 202."""
        self.published_directly += 1
        self._publish_seconds.add(seconds)
        self.bytes_in += size
        if key is not None:
            self.of_key(key, 1, events)

    def of_key(self, key: str, requests: int, events: int) -> None:
        """Count what came with a key."""
        counted = self.of_keys.get(key)
        if counted is None:
            shown = key if len(self.of_keys) < KEYS_SHOWN_MAX else OTHER
            counted = self.of_keys.setdefault(shown, [0, 0])
        counted[0] += requests
        counted[1] += events

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self.answers[route, method if method in METHODS else OTHER, status] += 1
        if route != paths.STREAM:  # its answer ends when its reader does
            self.seconds[route].add(seconds)

    def all_answers(self) -> dict[tuple[str, str, int], int]:
        """Return how often each route answered each method with each status."""
        directly = Counter({(PUBLISH, "POST", 202): self.published_directly})
        return dict(self.answers + directly)


def route_of(scope: Any) -> str:
    """Return the route of a request as it is declared, which is one of few."""
    path: str = scope["path"]
    if path in paths.PUBLISH:
        return PUBLISH
    if path == paths.STREAM:
        return path
    return str(getattr(scope.get("route"), "path", OTHER))


# As api.errors.answered: a process has one service.
traffic = Traffic()
