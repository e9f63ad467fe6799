"""Publish the records of real files: resumable, repeatable, and following what still grows.

Order. Each file has one request under way at a time, so its records enter the log in the file's order;
different files go side by side. The position moves only past what is acknowledged.
"""

import asyncio
import os
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import msgspec

from eventlog.errors import ApiUnavailable
from publisher.client import Client
from publisher.errors import PublishRefused, ShipError
from publisher.ship.envelopes import BadLine
from publisher.ship.files import STDIN, LogFile, canonical_name
from publisher.ship.outgoing import Batch, RefusedLine, publish
from publisher.ship.positions import Position, Positions, Witness
from publisher.ship.records import RECORD_BYTES_MAX, Cursor, Record, RecordReader, first_cursor
from publisher.ship.shipping import FileReport, Shipping, ShipReport, Talk, shown
from publisher.ship.timestamps import TimeFinder, in_contract

READ_BYTES = 256 * 1024
NDJSON_LINE_BYTES_MAX = 8 << 20
FILES_AT_ONCE = 4
FOLLOW_POLL_SECONDS = 0.2
# A line is held back this long for its stack trace; `--follow` promises an event within a second.
HOLD_BACK_SECONDS = 0.5
# A writer goes on in the renamed file until it is told to reopen.
ROTATION_GRACE_SECONDS = 1.0
# Each write is an fsync; what is lost with a crash is repeated and dropped as duplicates.
SAVE_INTERVAL_SECONDS = 0.5
API_POLL_SECONDS = 1.0


class FileShipper:
    """Ship one file."""

    def __init__(
        self, path: str, shipping: Shipping, client: Client, positions: Positions, talk: Talk
    ) -> None:
        self._path = path
        self._shown = shown(path)
        self.report = FileReport(self._shown)
        self._shipping = shipping
        self._client = client
        self._positions = positions
        self._talk = talk
        self._key = shipping.key(client.url, path)
        self._name = shipping.name or canonical_name(path)
        self._first = first_cursor(self._name, shipping.source or self._name)
        self._envelope = shipping.envelope(path, self._name)
        self._batch = Batch()
        self._reached: Position | None = None
        self._unsaved = False
        self._saved_at = 0.0
        self._witness: Witness | None = None

    async def run(self) -> FileReport:
        """Ship it to its end, or for ever; a file that cannot be read is noted in the report."""
        try:
            await self._run()
        except ShipError as error:
            self.report.failure = str(error)
            self._talk.say(str(error))
        finally:
            self._save()
        return self.report

    async def _run(self) -> None:
        file = await self._appeared()
        cursor = await self._resume(file)
        while cursor is not None:
            try:
                goes_on = await self._ship(file, cursor)
            finally:
                self._save()
                file.close()
            if not goes_on:
                return
            file, cursor = await self._appeared(), self._first
            self._talk.say(f"{self._shown}: a new file, from its beginning")
        file.close()

    async def _appeared(self) -> LogFile:
        """Open the file; one that is followed may be between two rotations, or not there yet."""
        while self._shipping.follow and self._path != STDIN and not Path(self._path).exists():
            await asyncio.sleep(FOLLOW_POLL_SECONDS)
        return LogFile(self._path)

    async def _resume(self, file: LogFile) -> Cursor | None:
        """Return where to go on; None when there is nothing new."""
        kept = self._positions.load(self._key) if file.resumable and not self._shipping.restart else None
        if kept is None:
            return self._first
        if not await self._log_knows(kept.witness):
            self._talk.say(
                f"{self._shown}: this log does not have what was shipped before; from the beginning"
            )
            return self._first
        if not file.resume(kept.cursor.offset, kept.fingerprint):
            await self._finish_rotated(kept)
            return self._first
        self._witness = kept.witness
        self.report.resumed_after_line = kept.cursor.line_number
        if file.size == kept.complete_size and not self._shipping.follow:
            self.report.nothing_new = True
            return None
        return kept.cursor

    async def _finish_rotated(self, kept: Position) -> None:
        """Ship the rest of the file that bore this name last time, if it still lies beside it."""
        rest = self._renamed(kept)
        if rest is not None:
            try:
                if rest.resume(kept.cursor.offset, kept.fingerprint):
                    self._talk.say(
                        f"{self._shown}: was rotated to {shown(rest.path)}; shipping the rest of that first"
                    )
                    await self._ship(rest, kept.cursor, follow=False)
                    return
            finally:
                rest.close()
        self._talk.say(f"{self._shown}: is another file than last time; from its beginning")

    def _renamed(self, kept: Position) -> LogFile | None:
        with os.scandir(Path(self._path).absolute().parent) as entries:
            for entry in entries:
                if entry.is_file() and (entry.stat().st_dev, entry.inode()) == (kept.device, kept.inode):
                    return LogFile(entry.path)
        return None

    async def _log_knows(self, witness: Witness | None) -> bool:
        """Ask for the last event that was acknowledged: a position is of no use with another log."""
        if witness is None:
            return True
        for delivery in witness.deliveries:
            try:
                answer = await self._client.get(f"/deliveries/{quote(delivery)}")
            except PublishRefused:
                continue
            if msgspec.json.decode(answer.body).get("event_id") == witness.event_id:
                return True
        return False

    async def _ship(self, file: LogFile, cursor: Cursor, follow: bool | None = None) -> bool:
        """Ship from the cursor on; True when another file has taken the place of this one."""
        follow = (self._shipping.follow if follow is None else follow) and file.can_grow
        reader = self._reader(file, cursor)
        replaced = idle = False
        last_data = time.monotonic()
        while True:
            # Before the read: after it, the middle of a new file would look like the end of the old one.
            if idle and file.begins_anew():
                replaced = True
                break
            data = await asyncio.to_thread(file.read, READ_BYTES)
            idle = not data
            if data:
                last_data = time.monotonic()
                await self._take(file, reader.feed(data))
                continue
            waits = data is None or (follow and file.resumable)
            if not waits or (replaced and time.monotonic() - last_data > ROTATION_GRACE_SECONDS):
                break
            if time.monotonic() - last_data > HOLD_BACK_SECONDS:
                await self._take(file, reader.flush())
            await self._send(file)
            if data is not None:
                replaced = replaced or file.was_replaced()
                await asyncio.sleep(FOLLOW_POLL_SECONDS)
        size = file.size
        await self._take(file, reader.finish())
        await self._send(file, complete_size=size if file.bytes_read >= size else -1)
        return replaced

    def _reader(self, file: LogFile, cursor: Cursor) -> RecordReader:
        changed = file.changed
        finder, limit = None, NDJSON_LINE_BYTES_MAX
        if not self._shipping.is_ndjson(self._path):
            finder, limit = TimeFinder(self._shipping.zone, changed, cursor.times), RECORD_BYTES_MAX
        return RecordReader(cursor, finder, in_contract(changed) or "1970-01-01T00:00:00.000Z", limit)

    async def _take(self, file: LogFile, records: Iterable[Record]) -> None:
        for record in records:
            await self._take_one(file, record)
        self._talk.read(self._path, file.bytes_read)

    async def _take_one(self, file: LogFile, record: Record) -> None:
        if not record.text.strip() and self._shipping.is_ndjson(self._path):
            self._batch.after = record.after
            return
        self.report.records += 1
        try:
            event_id, event = self._envelope.wrap(record)
        except BadLine as bad:
            self._refuse([RefusedLine(self._shown, record.line_number, bad.code, str(bad))])
        else:
            if not self._batch.has_room_for(event, self._shipping.batch):
                await self._send(file)
            self._batch.add(event_id, event, record.line_number)
        self._batch.after = record.after

    async def _send(self, file: LogFile, complete_size: int | None = None) -> None:
        """Publish what is collected, then move the position past it."""
        batch, self._batch = self._batch, Batch()
        if batch.events:
            outcome = await publish(self._client, self._shown, batch)
            self.report.accepted += outcome.accepted
            self._refuse(outcome.refused)
            if outcome.last_accepted is not None:
                self._witness = Witness(*outcome.last_accepted)
        if batch.after is not None:
            self._moved(file, batch.after)
        if complete_size is not None and self._reached is not None:
            self._reached = msgspec.structs.replace(self._reached, complete_size=complete_size)
            self._unsaved = True

    def _refuse(self, lines: list[RefusedLine]) -> None:
        self.report.refused += len(lines)
        for line in lines:
            self._talk.refused(line)

    def _moved(self, file: LogFile, cursor: Cursor) -> None:
        if not file.resumable:
            return
        device, inode = file.identity
        self._unsaved = True
        self._reached = Position(
            path=shown(os.path.realpath(file.path)),
            device=device,
            inode=inode,
            cursor=cursor,
            fingerprint=file.fingerprint(cursor.offset),
            records=self.report.records,
            witness=self._witness,
        )
        if time.monotonic() - self._saved_at > SAVE_INTERVAL_SECONDS:
            self._save()

    def _save(self) -> None:
        if self._unsaved and self._reached is not None:
            self._positions.save(self._key, self._reached)
            self._unsaved, self._saved_at = False, time.monotonic()


async def ship(
    paths: list[str],
    shipping: Shipping,
    client: Client,
    positions: Positions,
    talk: Talk,
    report: ShipReport | None = None,
) -> ShipReport:
    """Ship all files, several at once. Raises ApiUnavailable when the API is away (not under follow).

    A report handed in is filled as it goes, for a caller that may stop this half-way.
    """
    report = report or ShipReport()
    started = time.monotonic()
    await _api_answers(client, talk, patient=shipping.follow)
    paths = list({os.path.realpath(path) if path != STDIN else path: path for path in paths}.values())
    at_once = asyncio.Semaphore(len(paths) if shipping.follow else FILES_AT_ONCE)
    shippers = [FileShipper(path, shipping, client, positions, talk) for path in paths]
    report.files = [shipper.report for shipper in shippers]

    async def ship_one(shipper: FileShipper) -> None:
        async with at_once:
            await shipper.run()

    try:
        async with asyncio.TaskGroup() as group:
            for shipper in shippers:
                group.create_task(ship_one(shipper))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # the first one stopped the others; their positions are kept
    finally:
        report.retries = client.counters.retries
        report.seconds = time.monotonic() - started
    return report


async def _api_answers(client: Client, talk: Talk, *, patient: bool) -> None:
    """Find out before the first line whether somebody listens; who follows has time to wait."""
    said = False
    while True:
        try:
            await client.get("/livez")
        except ApiUnavailable as error:
            if not patient:
                raise
            if not said:
                talk.say(f"{error}; waiting for it")
            said = True
            await asyncio.sleep(API_POLL_SECONDS)
        else:
            return
