"""What container engines write: Docker's json-file, and Kubernetes' CRI format. Pure.

Both cut long lines into pieces and say so: Docker's last piece ends in a newline, CRI's is tagged F. The
pieces are one record, so that an event is a line as the program wrote it.
"""

import re
from datetime import tzinfo

import msgspec

from publisher.ship.envelopes import BadLine, LineEnvelope
from publisher.ship.records import Record
from publisher.ship.times.values import read_time

CRI = re.compile(rb"(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP])(?::\S*)? ?")


class DockerLine(msgspec.Struct, frozen=True):
    """A line of a json-file."""

    log: str
    time: str
    stream: str = ""


_decode = msgspec.json.Decoder(DockerLine).decode


class ContainerLines:
    """The lines of one container."""

    def __init__(self, form: str, zone: tzinfo) -> None:
        self._is_docker = form == "docker"
        self._zone = zone

    def time_of(self, line: bytes) -> str | None:
        """Return when the engine took the line."""
        if self._is_docker:
            try:
                return read_time(_decode(line).time, self._zone)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return None
        match = CRI.match(line)
        return read_time(match[1].decode(), self._zone) if match else None

    def begins(self, line: bytes, time: str | None, before: bytes) -> bool:
        """Tell whether the line before was whole, so that this one begins another."""
        if not before or time is None:
            return True
        if self._is_docker:
            return _decode(before).log.endswith("\n") if before.startswith(b"{") else True
        match = CRI.match(before)
        return match is None or match[3] == b"F"


class ContainerEnvelope:
    """A record becomes an event as a plain line does, with the stream beside it."""

    def __init__(self, form: str, topic: str, source: str, name: str, file_id: str) -> None:
        self._is_docker = form == "docker"
        self._lines = LineEnvelope(topic, source, name, file_id)

    def id_of(self, record: Record) -> str:
        """Return the event_id of a record."""
        return self._lines.id_of(record)

    def wrap(self, record: Record, time: str, time_from: str) -> tuple[bytes, str]:
        """Return the event's JSON text and its own time; raises BadLine."""
        pieces = [self._piece(line) for line in record.text.split(b"\n")]
        text = b"".join(piece for piece, _ in pieces).removesuffix(b"\n")
        whole = msgspec.structs.replace(record, text=text, lines=1)
        event, own = self._lines.wrap(whole, time, time_from)
        return event[:-2] + b',"stream":%b}}' % msgspec.json.encode(pieces[0][1]), own

    def _piece(self, line: bytes) -> tuple[bytes, str]:
        if self._is_docker:
            try:
                one = _decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BadLine("no_json_file", f"not as Docker's json-file has it: {error}") from None
            return one.log.encode("utf-8", "replace"), one.stream
        match = CRI.match(line)
        if match is None:
            raise BadLine("no_cri", "not as CRI has it: TIME stdout|stderr F|P TEXT")
        return line[match.end() :], match[2].decode()
