"""Places where a test has this process die, stop, fail or wait: for tests alone.

EVENTLOG_FAILPOINTS="api.committed:kill:1,proj.done:sleep(2):3" kills the process at the first hit of
one point, and has it wait two seconds at the third of another. The variable is read once, when
this module is imported; without it `hit` does nothing, for 30 ns.

It is no setting: whoever sets it on a service wants it to fail. A point of an unknown name is refused,
so that a test cannot pass because nothing ever happened.
"""

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from eventlog.errors import SettingsError

VARIABLE = "EVENTLOG_FAILPOINTS"

# In the order in which the work passes them.
POINTS = (
    "api.parsed",  # a request is read and checked, and not yet with the writer
    "api.locked",  # a flush holds the order lock
    "api.copying",  # its COPY has begun, and its end is not yet sent
    "api.committing",  # the COPY's end is sent, the commit with it, and the answer not yet read
    "api.committed",  # durable, and nobody was told
    "api.acking",  # this request is about to be answered; others of its flush may have been
    "proj.claimed",  # a worker holds a claim
    "proj.projected",  # the projection's step has run
    "proj.recorded",  # the step row is in
    "proj.done",  # nothing but the commit is left
    "proj.committed",  # the step is committed
    "outbox.claimed",  # the mover has rows in hand
    "outbox.deleted",  # they are deleted from the outbox
    "outbox.appended",  # they are in the log
    "outbox.committed",  # the move is committed
    "rb.created",  # a rebuild's version has its schema and tables
    "rb.copied",  # one partition of it is filled
    "rb.keyed",  # it has its keys and indexes
    "rb.caughtup",  # workers have caught it up
    "rb.before_swap",  # the switch holds its locks, and nothing points to the new version yet
    "rb.swapped",  # the new version is live
    "rb.dropped_old",  # the old one is gone
)


class FailpointError(Exception):
    """What the action `raise` raises: no error that the product knows."""


class Failpoint(NamedTuple):
    """At the nth hit of a point, from 1 on, act."""

    name: str
    action: str
    nth: int


def parse_failpoints(text: str) -> list[Failpoint]:
    """Read the variable; raises SettingsError for what it cannot mean."""
    found = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = item.partition(":")
        action, _, nth = rest.partition(":")
        sensible = re.fullmatch(r"kill|stop|raise|sleep\(\d+(\.\d+)?\)", action) and re.fullmatch(
            "[1-9][0-9]*", nth or "1"
        )
        if name not in POINTS or not sensible:
            raise SettingsError(
                f"{VARIABLE}: {item!r} is no name:action:nth with a known name and one of "
                "kill, stop, raise, sleep(seconds)"
            )
        found.append(Failpoint(name, action, int(nth or 1)))
    return found


class Armed:
    """Counts hits and acts when it is time. Called from any thread."""

    def __init__(self, failpoints: list[Failpoint]) -> None:
        self._failpoints = failpoints
        self._hits: dict[str, int] = {}
        self._lock = threading.Lock()

    def hit(self, name: str) -> None:
        """Count a hit of a point, and act if it is the one."""
        with self._lock:
            count = self._hits[name] = self._hits.get(name, 0) + 1
        for failpoint in self._failpoints:
            if (failpoint.name, failpoint.nth) == (name, count):
                _act(failpoint)


def _act(failpoint: Failpoint) -> None:
    # To this very thread: were another one to take the signal, ours would go on for a moment.
    if failpoint.action == "kill":
        signal.pthread_kill(threading.get_ident(), signal.SIGKILL)
    elif failpoint.action == "stop":
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    elif failpoint.action == "raise":
        raise FailpointError(failpoint.name)
    else:
        time.sleep(float(failpoint.action[len("sleep(") : -1]))


def _pass(name: str) -> None:
    """Take the place of `hit` where no failpoint is set."""


_armed = parse_failpoints(os.environ.get(VARIABLE, ""))

# Chosen once, so that an unarmed process pays for an empty call and nothing else.
hit: Callable[[str], None] = Armed(_armed).hit if _armed else _pass
