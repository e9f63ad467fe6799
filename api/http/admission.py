"""How many bytes of publishes may be under way at once, from the first that is read to the answer.

What a publish takes in memory is a small multiple of its body, so this bounds the whole process,
however many clients come. Counted as bytes arrive, some ahead of them: what a client only announces
costs nothing.
"""

from eventlog.errors import QueueFull
from eventlog.log.fair_queue import SharedBound

# A few that send large bodies, and slowly, must not keep out everybody else: these get a part of the room.
SMALL_BYTES_MAX = 1 << 16
LARGE_SHARE = 0.75


class Admission:
    """The bytes under way in this process, and whose they are."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes = SharedBound(bytes_max)

    def require_room(self, size: int, owner: str | None = None, own: int = 0) -> None:
        """Raise QueueFull unless this many bytes fit, or nothing else is under way."""
        total = self._bytes.total
        room = self._bytes.most * self._bytes.share_open_to(owner)
        if own + size > SMALL_BYTES_MAX:
            room *= LARGE_SHARE
        if total > own and total + size > room:
            raise QueueFull(f"{total} bytes of bodies are under way already")

    def take(self, size: int, owner: str | None = None, own: int = 0) -> None:
        """Count bytes in, beside one's own; raises QueueFull."""
        self.require_room(size, owner, own)
        self._bytes.add(owner, size)

    def give_back(self, size: int, owner: str | None = None) -> None:
        """Count bytes out."""
        self._bytes.add(owner, -size)


class Publishing:
    """One publish's share, given back however it ends."""

    __slots__ = ("_admission", "_owner", "_size")

    def __init__(self, admission: Admission, owner: str | None = None) -> None:
        self._admission = admission
        self._owner = owner
        self._size = 0

    def take(self, size: int) -> None:
        """Count a part of the body in; raises QueueFull."""
        self._admission.take(size, self._owner, self._size)
        self._size += size

    def __enter__(self) -> "Publishing":
        return self

    def __exit__(self, *_: object) -> None:
        self._admission.give_back(self._size, self._owner)
