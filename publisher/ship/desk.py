"""What everybody who ships files shares: the flags, the log, the positions, and the report."""

import asyncio
from urllib.parse import quote

import msgspec

from publisher.client import Client
from publisher.errors import PublishRefused, ShipError
from publisher.ship.files import LogFile
from publisher.ship.identity import Identities
from publisher.ship.lane import Lane
from publisher.ship.opening import shown
from publisher.ship.positions import Position, Positions, Witness
from publisher.ship.report import FileReport, ShipReport
from publisher.ship.rotation import LineUp, Rotation
from publisher.ship.shipping import Shipping, Talk


class Desk:
    """Open lanes for paths, and write down what became of them."""

    def __init__(
        self, shipping: Shipping, client: Client, positions: Positions, talk: Talk, report: ShipReport
    ) -> None:
        self.shipping = shipping
        self.client = client
        self.positions = positions
        self.talk = talk
        self.report = report
        self.rotation = Rotation(positions, Identities(positions, shipping, client.url), shipping)
        self._reports: dict[str, FileReport] = {}
        self._one_at_a_time = asyncio.Lock()
        self._held: dict[str, Lane] = {}

    def report_of(self, path: str) -> FileReport:
        """Return the report on a path."""
        if path not in self._reports:
            self._reports[path] = FileReport(shown(path))
            self.report.files.append(self._reports[path])
        return self._reports[path]

    async def line_up(self, path: str) -> tuple[LineUp, list[Lane]]:
        """Open what is to be shipped for a path, in its order."""
        async with self._one_at_a_time:
            held = {file_id: lane.file.descriptor for file_id, lane in self._held.items()}
            line_up = await asyncio.to_thread(self.rotation.line_up, path, held)
            lanes = []
            for file, position in line_up.files:
                if position.file_id in self._held:
                    file.close()
                    continue
                lane = Lane(
                    file,
                    await self._still_valid(file, position),
                    self.shipping,
                    self.client,
                    self.positions,
                    self.talk,
                    self.report_of(path),
                )
                self._held[position.file_id] = lane
                lanes.append(lane)
            # Told first and kept then: killed between the two, the next run tells it again.
            self._tell(path, line_up)
            self.positions.save([*line_up.settled, *(lane.noted() for lane in lanes)], line_up.look)
        return line_up, lanes

    def release(self, lane: Lane) -> None:
        """Close a lane's file."""
        self._held.pop(lane.position.file_id, None)
        lane.file.close()

    def holds(self, file_id: str) -> bool:
        """Tell whether somebody is shipping the file."""
        return file_id in self._held

    def fail(self, path: str, error: ShipError) -> None:
        """Note that a file cannot be read."""
        report = self.report_of(path)
        if report.failure is None:
            self.talk.say(str(error))
        report.failure = str(error)

    def _tell(self, path: str, line_up: LineUp) -> None:
        report, found = self.report_of(path), line_up.found
        for text in line_up.said:
            if text not in report.notes:
                self.talk.say(text)
            report.note(text)
        for lost in line_up.lost:
            self.talk.say(lost.detail)
            self.report.lost.append(lost)
        if found.copy_of is not None:
            report.already_there += found.copy_of.records
            report.skipped = "its content is shipped already"
            report.nothing_new = True
        if found.position is not None:
            report.name = found.position.name
            report.resumed_after_line = found.position.line_number
            report.already_there += found.position.records
        report.kind = line_up.kind or report.kind

    async def _still_valid(self, file: LogFile, position: Position) -> Position:
        """Begin anew where the log does not have what was shipped before, or where that is asked for."""
        if not self.shipping.restart:
            if await self.log_knows(position.witness):
                return position
            self.talk.say(
                f"{shown(file.path)}: this log does not have what was shipped before; from the beginning"
            )
        file.finished = False
        file.begin()
        if position.first_offset:
            file.resume(position.first_offset, position.print)
        return msgspec.structs.replace(
            position,
            offset=position.first_offset,
            line_number=position.first_line,
            inside=position.first_inside,
            sealed=0,
            time="",
            witness=None,
            whole=False,
        )

    async def log_knows(self, witness: Witness | None) -> bool:
        """Ask for the last event that was acknowledged: a position is of no use with another log."""
        if witness is None:
            return True
        for delivery in witness.deliveries:
            try:
                answer = await self.client.get(f"/deliveries/{quote(delivery)}", patience_seconds=None)
            except PublishRefused:
                continue
            if msgspec.json.decode(answer.body).get("event_id") == witness.event_id:
                return True
        return False
