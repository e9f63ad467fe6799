"""How many connections one process has at once, and who goes when there are more.

Each takes a descriptor, and whoever comes when these are used up waits unheard. So there are fewer
connections than descriptors, and at the bound the one that has been idle longest makes room: it is between
two requests, or has not yet sent a whole head. Streams and requests under way are never closed on for it.
"""

import resource
from collections.abc import Iterable
from operator import itemgetter
from time import monotonic
from typing import Protocol

import structlog

from api.errors import Problem

log = structlog.get_logger()

# Descriptors for all else: sessions of the database, files, pipes of processes.
SPARE_DESCRIPTORS = 256
# What waits in the listening socket becomes connections at once, before anybody is closed on.
BACKLOG_MAX = 2048
# To look for the idlest takes a walk through all, so a part of them goes together.
SHED_AT_ONCE = 0.01
LOG_SECONDS = 10.0
# Of answers that wait for their clients to take them, in all: a page alone has up to 4 MiB.
UNSENT_BYTES_MAX = 48 << 20


class CountedConnection(Protocol):
    """A connection, as far as it matters here."""

    def idle_since(self) -> float | None:
        """Return the loop's moment since which it is the client's turn to begin; None while it is not."""

    def shed(self) -> None:
        """Close it, without a word, and count it out."""


class Sender(Protocol):
    """A connection with an answer that waits to be taken."""

    @property
    def unsent(self) -> int:
        """Bytes that wait."""

    def cut_off(self) -> None:
        """Close it, whatever waits."""


class ConnectionLimit:
    """Counts the connections of a process and keeps their number within the bound."""

    def __init__(self, connections_max: int) -> None:
        self.connections_max = connections_max
        self.open = 0
        self.shed = 0
        self.refused = 0
        self.cut = 0
        self._sending: dict[Sender, None] = {}
        self._told_at = -LOG_SECONDS

    def admits(self, newcomer: CountedConnection, everybody: Iterable[CountedConnection]) -> bool:
        """Count a new connection, one of everybody; say whether it may stay, once room was made for it.

        Room is made by closing a connection that has least to lose.
        """
        self.open += 1
        if not self.is_full:
            return True
        idle = [(since, each) for each in everybody if (since := each.idle_since()) and each is not newcomer]
        idle.sort(key=itemgetter(0))
        going = idle[: max(1, int(SHED_AT_ONCE * self.connections_max))]
        for _, each in going:
            each.shed()
        self.shed += len(going)
        self.refused += not going
        self._tell()
        return bool(going)

    def sends(self, sender: "Sender") -> None:
        """Note a connection whose answer does not go out at once.

        Beyond what may wait of all of them, the connection that has been at it for the longest is cut off.
        """
        self._sending.setdefault(sender)
        while sum(each.unsent for each in self._sending) > UNSENT_BYTES_MAX:
            longest = next(iter(self._sending))
            self.sent(longest)
            longest.cut_off()

    def sent(self, sender: "Sender") -> None:
        """Forget it: what waits of it is little."""
        self._sending.pop(sender, None)

    @property
    def is_full(self) -> bool:
        """Whether there are more than there may be."""
        return self.open > self.connections_max

    def _tell(self) -> None:
        if monotonic() - self._told_at < LOG_SECONDS:
            return
        self._told_at = monotonic()
        log.warning(
            "connections_at_bound",
            open=self.open,
            connections_max=self.connections_max,
            shed_so_far=self.shed,
            refused_so_far=self.refused,
            mend="EVENTLOG_CONNECTIONS_MAX, and the limit of open files",
        )


def too_many(connections_max: int) -> Problem:
    """Return what a newcomer is told for whom no room could be made."""
    detail = f"this process has {connections_max} connections already, and answers are due on all of them"
    return Problem("too_many_connections", detail)


def fitting(connections_max: int) -> int:
    """Raise the limit of open files as far as it is of use; return how many connections fit in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + BACKLOG_MAX + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections_max if soft == resource.RLIM_INFINITY else min(connections_max, _fit(soft))


def _fit(descriptors: int) -> int:
    """Return how many connections there can be with this many descriptors."""
    rest = descriptors - SPARE_DESCRIPTORS
    return max(rest - backlog(rest), 16)


def backlog(connections_max: int) -> int:
    """Return how many may wait to be accepted."""
    return max(16, min(BACKLOG_MAX, connections_max // 4))
