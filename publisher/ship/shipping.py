"""What `ship` is told, what it tells meanwhile, and what it reports."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

import msgspec

from publisher.ship.envelopes import Envelope, FieldEnvelope, Fields, LineEnvelope
from publisher.ship.files import default_topic
from publisher.ship.outgoing import RefusedLine


@dataclass(frozen=True, slots=True)
class Shipping:
    """How to ship; the fields are the flags of `eventlog ship`."""

    batch: int = 500
    follow: bool = False
    restart: bool = False
    ndjson: bool | None = None  # None: by the file's suffix
    zone: tzinfo = UTC
    name: str | None = None
    topic: str | None = None
    topic_template: str | None = None
    source: str | None = None
    source_field: str | None = None
    id_field: str | None = None
    time_field: str | None = None
    payload_field: str | None = None

    def is_ndjson(self, path: str) -> bool:
        """Tell whether each line of the file is a JSON object that is an event."""
        if self.ndjson is not None:
            return self.ndjson
        return any(suffix in (".ndjson", ".jsonl") for suffix in Path(path).suffixes)

    def envelope(self, path: str, name: str) -> Envelope:
        """Return what makes events of the file's records."""
        topic, source = self.topic or default_topic(name), self.source or name
        if not self.is_ndjson(path):
            return LineEnvelope(topic, source, name)
        fields = Fields(
            # A template that a line cannot fill refuses the line, unless a topic was named for that case.
            topic=self.topic if self.topic_template else topic,
            source=source,
            topic_template=self.topic_template,
            id_field=self.id_field,
            time_field=self.time_field,
            source_field=self.source_field,
            payload_field=self.payload_field,
        )
        return FieldEnvelope(fields, self.zone)

    def key(self, url: str, path: str) -> list[str]:
        """Return what a position belongs to: other flags make other events, from the beginning."""
        flags = (self.name, self.topic, self.topic_template, self.source, self.source_field, self.id_field)
        return [
            url,
            os.path.realpath(path),
            str(self.is_ndjson(path)),
            *map(str, flags),
            str(self.payload_field),
        ]


def shown(path: str) -> str:
    """Write a path so that it can be printed and encoded, whatever bytes are in it."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


@dataclass(slots=True)
class FileReport:
    """What became of one file."""

    path: str
    resumed_after_line: int = 0
    nothing_new: bool = False
    records: int = 0
    accepted: int = 0
    refused: int = 0
    failure: str | None = None


@dataclass(slots=True)
class ShipReport:
    """What became of all of them."""

    files: list[FileReport] = field(default_factory=list)
    retries: int = 0
    seconds: float = 0.0

    def total(self, name: str) -> int:
        """Add up one count of all files."""
        return sum(int(getattr(file, name)) for file in self.files)

    @property
    def complete(self) -> bool:
        """Tell whether every line of every file is in the log."""
        return not self.total("refused") and not any(file.failure for file in self.files)

    def as_json(self) -> bytes:
        """Encode the report for programs."""
        totals = {name: self.total(name) for name in ("records", "accepted", "refused")}
        return msgspec.json.encode(
            {**totals, "retries": self.retries, "seconds": round(self.seconds, 3), "files": self.files}
        )


@dataclass(frozen=True, slots=True)
class Talk:
    """Where to say things while shipping: a sentence, a refused line, bytes read so far of a file."""

    say: Callable[[str], None]
    refused: Callable[[RefusedLine], None]
    read: Callable[[str, int], None]
