"""Read the stamps of a whole file beside whoever ships it: it may settle what one line leaves open."""

from collections.abc import Iterator

from publisher.errors import ShipError
from publisher.ship.content import UNREADABLE, Rewritten
from publisher.ship.files import LogFile
from publisher.ship.times.layout import Layout, compiled
from publisher.ship.times.moments import Fields

# How much of a file is looked at, from its beginning; of longer ones also the end.
SCAN_BYTES_MAX = 32 << 20
END_BYTES = 1 << 20
STAMPS_MAX = 200_000


def stamps_in(path: str, offset: int, layout: Layout) -> Iterator[Fields]:
    """Yield the fields of the stamps from an offset on, without repeats in a row."""
    try:
        file = LogFile(path, links=True)
    except ShipError:
        return
    try:
        yield from _stamps(file, offset, layout)
    except (ShipError, Rewritten, *UNREADABLE):
        return
    finally:
        file.close()


def _stamps(file: LogFile, offset: int, layout: Layout) -> Iterator[Fields]:
    pattern, rest, last, count = compiled(layout), b"", b"", 0
    file.skip_to(offset)
    while data := file.read()[1]:
        lines = (rest + data).split(b"\n")
        rest = lines.pop()[-END_BYTES:]
        for line in lines:
            match = pattern.match(line)
            if match is not None and match["stamp"] != last and count < STAMPS_MAX:
                last, count = match["stamp"], count + 1
                yield match.groupdict()
        if file.offset - offset > SCAN_BYTES_MAX and file.kind == "plain":
            end = file.status.st_size - END_BYTES
            if file.offset < end:
                file.skip_to(end)
                rest = b""
