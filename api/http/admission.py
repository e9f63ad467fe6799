"""How many bytes of publishes may be under way at once, from the first that is read to the answer.

What a publish takes in memory is a small multiple of its body, so this bounds the whole process,
however many clients come. Counted as bytes arrive, some ahead of them: what a client only announces
costs nothing.
"""

from eventlog.errors import QueueFull

# A few that send large bodies, and slowly, must not keep out everybody else: these get a part of the room.
SMALL_BYTES_MAX = 1 << 16
LARGE_SHARE = 0.75


class Admission:
    """The bytes under way in this process."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0

    def require_room(self, size: int, own: int = 0) -> None:
        """Raise QueueFull unless there is room for so many bytes, or nothing is under way but one's own."""
        room = self._bytes_max if own + size <= SMALL_BYTES_MAX else self._bytes_max * LARGE_SHARE
        if self._bytes > own and self._bytes + size > room:
            raise QueueFull(f"{self._bytes} bytes of bodies are under way already")

    def take(self, size: int, own: int = 0) -> None:
        """Count bytes in, beside one's own; raises QueueFull."""
        self.require_room(size, own)
        self._bytes += size

    def give_back(self, size: int) -> None:
        """Count bytes out."""
        self._bytes -= size


class Publishing:
    """One publish's share, given back however it ends."""

    __slots__ = ("_admission", "_size")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._size = 0

    def take(self, size: int) -> None:
        """Count a part of the body in; raises QueueFull."""
        self._admission.take(size, self._size)
        self._size += size

    def __enter__(self) -> "Publishing":
        return self

    def __exit__(self, *_: object) -> None:
        self._admission.give_back(self._size)
