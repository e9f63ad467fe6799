"""Ship one file: read on from where it was, publish, move the position past what is acknowledged.

Order. A lane has one request under way, so its records enter the log in the file's order; meanwhile the next
batch is made. What could not be decided the same way again is saved before it is sent (`positions`).
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

import msgspec

from eventlog.timestamps import rfc3339
from publisher.client import Client
from publisher.errors import ShipError
from publisher.ship.containers import ContainerLines
from publisher.ship.envelopes import BadLine, check_time_field
from publisher.ship.files import LogFile
from publisher.ship.fingerprint import opening_of
from publisher.ship.opening import shown
from publisher.ship.outgoing import Outcome, OutgoingBatch, RefusedLine, publish
from publisher.ship.positions import Position, Positions, Witness
from publisher.ship.records import RECORD_BYTES_MAX, EveryLine, Lines, Record, RecordReader, Start
from publisher.ship.report import FileReport
from publisher.ship.shipping import Shipping, Talk
from publisher.ship.times.lines import FileLines
from publisher.ship.times.scan import stamps_in

NDJSON_LINE_BYTES_MAX = 8 << 20
SAVE_INTERVAL_SECONDS = 0.5
# An answer that is on its way saves repeating a batch.
STOP_SECONDS = 1.0


class Lane:
    """One open file on its way into the log."""

    def __init__(
        self,
        file: LogFile,
        position: Position,
        shipping: Shipping,
        client: Client | None,
        positions: Positions | None,
        talk: Talk,
        report: FileReport,
    ) -> None:
        self.file = file
        self.position = position
        self.report = report
        self._shown = shown(file.path)
        self._shipping = shipping
        self._client = client
        self._positions = positions
        self._talk = talk
        self._ndjson = shipping.is_ndjson(file.path)
        self._envelope = shipping.envelope(file.path, position.name, position.file_id)
        self._lines = self._lines_of(position)
        start = Start(position.offset, position.line_number, position.inside, position.sealed, position.time)
        limit = NDJSON_LINE_BYTES_MAX if self._ndjson else RECORD_BYTES_MAX
        self.reader = RecordReader(start, self._lines, limit)
        self._batch = OutgoingBatch()
        self._under_way: asyncio.Task[None] | None = None
        self._changed = False
        self._saved_at = 0.0
        looked = (
            (position.seen, int(position.version.partition(":")[0])) if position.version else (time.time(), 0)
        )
        self._looked_at = looked
        self._learnt = ""
        self._was_at_end = False
        self.last_data = time.monotonic()
        self.place = file.place

    @classmethod
    def to_look_at(cls, file: LogFile, position: Position, shipping: Shipping) -> "Lane":
        """Return one that sends and keeps nothing."""
        talk = Talk(lambda text: None, lambda line: None, lambda path, place: None)
        return cls(file, position, shipping, None, None, talk, FileReport(shown(file.path)))

    @property
    def holds(self) -> bool:
        """Tell whether a record is held back."""
        return self.reader.holds

    async def read_on(self) -> bool:
        """Ship what is there so far; True if there was any. Raises Rewritten, ShipError."""
        found = False
        self.learn()
        while True:
            looked, version = time.time(), self.file.version
            offset, data = self.file.read()
            if not data:
                break
            found = True
            await self.take(data, offset)
        self._note_the_end(version, looked)
        return found

    def learn(self) -> None:
        """Look at the first lines as long as they are few, and at all where that decides."""
        if self._shipping.time_field is not None and not self._learnt:
            self._learnt = self.file.version
            check_time_field(self._shown, self.file.sample(), self._shipping.time_field, self._shipping.zone)
        if not isinstance(self._lines, FileLines) or self.file.finished:
            return
        learning = not self._lines.is_settled or not self._learnt
        if learning and self.file.version != self._learnt:
            self._learnt = self.file.version
            path, offset = self.file.path, self.position.offset
            try:
                self._lines.learn(self.file.sample(), self.file.changed, partial(stamps_in, path, offset))
            except ShipError as error:
                raise ShipError(f"{self._shown}: {error}") from None
            self.report.format = ", ".join(layout.name for layout in self._lines.state.layouts[:2])

    async def take(self, data: bytes, offset: int) -> None:
        """Ship the bytes at `offset`, but for what may go on."""
        self._was_at_end = False
        self.last_data = time.monotonic()
        if self._positions is None and isinstance(self._lines, FileLines):
            self._lines.learn(data, datetime.now(UTC))  # a pipe is looked at as it comes
        await self._take(self.reader.feed(data, offset))
        self._talk.read(self.file.path, self.file.raw_offset)

    async def close_record(self) -> None:
        """Send what is held back: nothing that continues it came in time, or nothing can come."""
        await self._take(self.reader.flush())
        await self._send(sealed=True)

    async def close_half_line(self) -> None:
        """Send a last line without its newline too."""
        await self._take(self.reader.finish())
        await self._send(sealed=True)

    async def settle(self) -> None:
        """Wait until all that was sent is answered, and keep the position."""
        await self._send()
        await self._answered()
        self.report.waiting_bytes = self.reader.half_line
        if isinstance(self._lines, FileLines):
            self._lines.by_clock = self._shipping.follow
            self._tell(self._lines.notes)
        self.report.hole_bytes += self.file.holes
        self.file.holes = 0
        self.save()

    def _tell(self, notes: list[str]) -> None:
        for note in notes:
            text = f"{self._shown}: {note}"
            if text not in self.report.notes:
                self._talk.say(text)
            self.report.note(text)

    def noted(self) -> Position:
        """Return what is to be kept of it before anything is sent."""
        self.position = self._current()
        return self.position

    def save(self) -> None:
        """Keep the position."""
        if self._positions is not None and self._changed:
            self.position = self._current()
            self._positions.save([self.position])
            self._saved_at = time.monotonic()
            self._changed = False

    async def stop(self) -> None:
        """Wait a moment for what is under way, and keep what was reached."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            await asyncio.wait([under_way], timeout=STOP_SECONDS)
            under_way.cancel()
            await asyncio.gather(under_way, return_exceptions=True)
        self.save()

    async def _take(self, records: Iterable[Record]) -> None:
        report, batch, count_max = self.report, self._batch, self._shipping.batch
        for record in records:
            if self._ndjson and not record.text.strip():
                batch.last = record
                continue
            report.records += 1
            try:
                event, own = self.event_of(record)
            except BadLine as bad:
                self._refuse([RefusedLine(self._shown, record.line_number, bad.code, str(bad))])
                batch.last = record
                continue
            if not batch.has_room_for(event, count_max):
                await self._send()
                batch = self._batch
            batch.add(event, record, own)
            if not own:
                report.without_time += 1

    def event_of(self, record: Record) -> tuple[bytes, str]:
        """Return the event's JSON text, and the time that it says itself; raises BadLine."""
        bears, come_from = (record.time, "") if record.time else self._time_of_untimed()
        return self._envelope.wrap(record, bears, come_from)

    def notes(self) -> list[str]:
        """Return what could not be settled so far."""
        return self._lines.notes if isinstance(self._lines, FileLines) else []

    def _time_of_untimed(self) -> tuple[str, str]:
        if self._shipping.follow or self._positions is None:
            return rfc3339(datetime.now(UTC)), "read"
        return rfc3339(self.file.changed), "file"

    async def _send(self, *, sealed: bool = False) -> None:
        """Let the batch go as soon as the one before it is answered."""
        batch, self._batch = self._batch, OutgoingBatch()
        if batch.after is None:
            return
        await self._answered()
        is_first = not self.position.print.length
        if sealed or is_first:
            self.position = msgspec.structs.replace(
                self.position, sealed=batch.after.offset if sealed else self.position.sealed
            )
            self._changed = True
            self.save()
            self._saved_at = 0.0 if is_first else self._saved_at  # the first answer is kept at once
        self._under_way = asyncio.ensure_future(self._publish(batch))
        await asyncio.sleep(0)  # it gets on its way before the next batch is made

    async def _answered(self) -> None:
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            try:
                await asyncio.shield(under_way)
            except asyncio.CancelledError:
                self._under_way = under_way  # for stop() to wait for
                raise

    async def _publish(self, batch: OutgoingBatch) -> None:
        outcome = Outcome()
        if batch.events and self._client is not None:
            outcome = await publish(self._client, self._shown, batch)
            self.report.accepted += outcome.accepted
            self._refuse(outcome.refused)
        after = batch.after
        assert after is not None, "a batch that goes out has an end"
        before = self.position
        self.position = msgspec.structs.replace(
            before,
            offset=after.offset,
            line_number=after.line_number,
            inside=after.inside,
            time=after.time,
            records=before.records + len(batch.events),
            first_time=min(before.first_time or batch.first_time, batch.first_time or before.first_time),
            last_time=max(before.last_time, batch.last_time),
            witness=self._witness_in(batch, outcome) or before.witness,
        )
        if batch.first_time:
            self.report.seen(batch.first_time)
            self.report.seen(batch.last_time)
        self._changed = True
        if time.monotonic() - self._saved_at > SAVE_INTERVAL_SECONDS:
            self.save()

    def _witness_in(self, batch: OutgoingBatch, outcome: Outcome) -> Witness | None:
        if outcome.last_accepted is None:
            return None
        index, lies = outcome.last_accepted
        return Witness(self._envelope.id_of(batch.records[index]), lies)

    def _lines_of(self, position: Position) -> Lines:
        if self._shipping.container is not None:
            return ContainerLines(self._shipping.container, self._shipping.zone)
        if self._ndjson:
            return EveryLine()
        return FileLines(self._shipping.zone, position.times, self._shipping.time_format)

    def _refuse(self, lines: list[RefusedLine]) -> None:
        self.report.refused += len(lines)
        for line in lines:
            self._talk.refused(line)

    def _note_the_end(self, version: str, now: float) -> None:
        """Note what there was, when it was looked at, and how fast it grew."""
        self._was_at_end = True
        size = int(version.partition(":")[0] or 0)
        looked, before = self._looked_at
        gained = (size - before) / (now - looked) if now > looked + 1.0 else self.position.gaining
        if now > looked + 1.0:
            self._looked_at = (now, size)
        if version != self.position.version or not self.position.whole:
            self._changed = True
        self.position = msgspec.structs.replace(
            self.position, version=version, seen=now, gaining=max(0.0, gained)
        )

    def _current(self) -> Position:
        times = self._lines.state if isinstance(self._lines, FileLines) else self.position.times
        return msgspec.structs.replace(
            self.position,
            place=self.file.place,
            opening=self.position.opening or opening_of(self.file.sample()) or "",
            kind=self.file.kind,
            print=self.file.fingerprint() if not self.file.finished else self.position.print,
            times=times,
            whole=self.file.finished or (self._was_at_end and self.position.offset == self.file.offset),
        )
