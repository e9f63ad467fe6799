"""What `ship` is told: the flags, checked, and what follows from them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

from publisher.ship.containers import ContainerEnvelope
from publisher.ship.envelopes import Envelope, FieldEnvelope, Fields, LineEnvelope
from publisher.ship.names import default_topic
from publisher.ship.outgoing import RefusedLine
from publisher.ship.times.layout import Layout


@dataclass(frozen=True, slots=True)
class Shipping:
    """How to ship; the fields are the flags of `eventlog ship`."""

    batch: int = 2000
    follow: bool = False
    restart: bool = False
    partial: bool = False
    links: bool = False
    copies: str = "auto"  # auto, skip, ship
    rotated_to: tuple[str, ...] = ()
    ndjson: bool | None = None  # None: by the file's suffix
    container: str | None = None  # docker, cri
    zone: tzinfo = UTC
    name: str | None = None
    topic: str | None = None
    topic_template: str | None = None
    source: str | None = None
    source_field: str | None = None
    id_field: str | None = None
    time_field: str | None = None
    time_format: Layout | None = None
    payload_field: str | None = None

    def is_ndjson(self, path: str) -> bool:
        """Tell whether each line of the file is a JSON object that is an event."""
        if self.ndjson is not None:
            return self.ndjson
        return any(suffix in (".ndjson", ".jsonl") for suffix in Path(path).suffixes)

    def envelope(self, path: str, name: str, file_id: str) -> Envelope:
        """Return what makes events of the file's records."""
        topic, source = self.topic or default_topic(name), self.source or name
        if self.container is not None:
            return ContainerEnvelope(self.container, topic, source, name, file_id)
        if not self.is_ndjson(path):
            return LineEnvelope(topic, source, name, file_id)
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
        return FieldEnvelope(fields, self.zone, file_id)

    def way(self, url: str) -> list[str]:
        """Return what positions belong to: other flags make other events, from the beginning."""
        return [url, *map(str, self._flags()), str(self.ndjson), str(self.container)]

    def earlier_key(self, url: str, path: str) -> list[str]:
        """Return under what an earlier version kept the position of a file."""
        name, *others = map(str, self._flags())
        return [url, path, str(self.is_ndjson(path)), name, *others]

    def _flags(self) -> tuple[str | None, ...]:
        return (
            self.name,
            self.topic,
            self.topic_template,
            self.source,
            self.source_field,
            self.id_field,
            self.payload_field,
        )


@dataclass(frozen=True, slots=True)
class Talk:
    """Where to say things while shipping: a sentence, a refused line, bytes read so far of a file."""

    say: Callable[[str], None]
    refused: Callable[[RefusedLine], None]
    read: Callable[[str, int], None]
