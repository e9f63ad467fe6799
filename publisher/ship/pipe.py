"""Ship standard input: every run of it is a file of its own, since nobody can read it again."""

import asyncio
import os
import select
import sys
import time
from datetime import UTC, datetime

from publisher.errors import ShipError
from publisher.ship.content import PLAIN, kind_of_bytes
from publisher.ship.desk import Desk
from publisher.ship.files import LogFile
from publisher.ship.fingerprint import Fingerprint
from publisher.ship.lane import Lane
from publisher.ship.names import STDIN, canonical_name
from publisher.ship.positions import Position

READ_BYTES = 256 * 1024
# It is asked for data this often, so that an interrupt is noticed and held-back lines go out.
POLL_SECONDS = 0.25
HOLD_BACK_SECONDS = 0.5


class Pipe(LogFile):
    """Standard input, as far as a lane needs it to be a file."""

    @property
    def place(self) -> str:
        """Return none."""
        return ""

    @property
    def version(self) -> str:
        """Return none."""
        return ""

    def __init__(self, path: str = STDIN, descriptor: int | None = None) -> None:
        self.path = path
        self.kind = PLAIN
        self.holes = self.taken = 0
        self.finished = False
        self.descriptor = sys.stdin.fileno() if descriptor is None else descriptor

    @property
    def offset(self) -> int:
        """Return how much came."""
        return self.taken

    @property
    def raw_offset(self) -> int:
        """Return how much came."""
        return self.taken

    @property
    def grows(self) -> bool:
        """Tell that nothing follows its end."""
        return False

    @property
    def changed(self) -> datetime:
        """Return the present: that is when it is written."""
        return datetime.now(UTC)

    def fingerprint(self) -> Fingerprint:
        """Return none: it cannot be met again."""
        return Fingerprint()

    def wait(self) -> bytes | None:
        """Return what comes, b"" at its end, None when nothing came for a moment."""
        if not select.select([self.descriptor], [], [], POLL_SECONDS)[0]:
            return None
        data = os.read(self.descriptor, READ_BYTES)
        if not self.taken and kind_of_bytes(data[:16], data) not in ("", PLAIN):
            raise ShipError("-: compressed, or no UTF-8: decompress it before, or name the file itself")
        self.taken += len(data)
        return data


async def pump(lane: Lane, pipe: Pipe) -> None:
    """Ship what comes through a pipe to its end; what is held back goes out when nothing comes."""
    while (data := await asyncio.to_thread(pipe.wait)) != b"":
        if data:
            await lane.take(data, pipe.offset - len(data))
        else:
            if time.monotonic() - lane.last_data > HOLD_BACK_SECONDS:
                await lane.close_record()
            await lane.settle()
    await lane.close_half_line()
    await lane.settle()


async def ship_pipe(desk: Desk) -> None:
    """Ship standard input to its end."""
    name = desk.shipping.name or canonical_name(STDIN)
    position = Position(file_id=os.urandom(12).hex(), name=name, opening="")
    pipe = Pipe()
    lane = Lane(pipe, position, desk.shipping, desk.client, None, desk.talk, desk.report_of(STDIN))
    try:
        await pump(lane, pipe)
    except ShipError as error:
        desk.fail(STDIN, error)
    finally:
        await lane.stop()
