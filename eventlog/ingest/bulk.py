"""The subset of Elasticsearch's bulk API that shippers use → events: `create` and `index`.

A body is lines in pairs: what to do, and the document. The topic is `bulk.` and the name of the index, unless
`eventlog ingest set` defines how documents of this name become events; `_id` is the identity, where there is
one; `@timestamp` the time.

Format: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from eventlog.errors import Refused
from eventlog.ingest.definition import IngestDefinition
from eventlog.ingest.reading import BodyReader, Ingested
from eventlog.intake.limits import PublishLimits
from eventlog.intake.text import WHITE_SPACE
from eventlog.intake.unparsed import unparsed

PREFIX = "bulk."
TIME = "{body.@timestamp}"
DOCUMENTS_MAX = 10_000


class _Target(msgspec.Struct):
    name: str | None = msgspec.field(default=None, name="_index")
    id: str | int | None = msgspec.field(default=None, name="_id")


class _Action(msgspec.Struct):
    create: _Target | None = None
    index: _Target | None = None
    update: _Target | None = None
    delete: _Target | None = None


class BulkItem(NamedTuple):
    """One document. `flaw` says why it can be none."""

    verb: str
    target: str
    id: str | None
    document: bytes
    flaw: str | None = None


_action = msgspec.json.Decoder(_Action).decode


def read_bulk(body: bytes, default_index: str | None) -> Iterator[BulkItem]:
    """Yield the documents of a body, in order; a line that is no action is one that has a flaw."""
    lines = iter([line for line in body.split(b"\n") if line.strip(WHITE_SPACE)])
    for line in lines:
        try:
            action = _action(line)
        except (msgspec.DecodeError, RecursionError):
            yield BulkItem("index", default_index or "", None, line, "the line names no action")
            continue
        for verb in ("create", "index", "update", "delete"):
            target: _Target | None = getattr(action, verb)
            if target is not None:
                break
        else:
            yield BulkItem("index", default_index or "", None, line, "the line names no action")
            continue
        index = target.name or default_index or ""
        document = b"" if verb == "delete" else next(lines, b"")
        flaw = None
        if verb in ("update", "delete"):
            flaw = f"an event is for ever: there is no {verb}"
        elif not document:
            flaw = "the document is missing"
        yield BulkItem(
            verb, index, None if target.id is None else str(target.id), document if document else line, flaw
        )


class BulkRequest:
    """One request: reads its body, and tells then what its documents are answered with."""

    def __init__(self, index: str | None, defined: Mapping[str, BodyReader]) -> None:
        """`index` is that of the address; `defined` reads documents of indexes that somebody defined."""
        self._index = index
        self._readers = dict(defined)
        self._items: list[BulkItem] = []
        self._place = ""

    def read(self, body: bytes, received_at: datetime, limits: PublishLimits) -> Ingested:
        """Return what the documents are; raises Refused where there are too many."""
        self._items = list(read_bulk(body, self._index))
        if len(self._items) > DOCUMENTS_MAX:
            raise Refused("too_large", "batch_too_large", f"a body has at most {DOCUMENTS_MAX} documents")
        # What identifies a document without an id: the request, and its place within.
        self._place = hashlib.sha256(body).hexdigest()[:32]
        found = Ingested([], [])
        for number, item in enumerate(self._items):
            if item.flaw is not None:
                kept = unparsed("/_bulk", item.document, "no_document", item.flaw, received_at, number)
                found.unparsed.append(kept)
                continue
            place = f"{self._place}-{number}"
            reader = self._reader_of(item.target)
            reader.take(found, {}, item.document, place, number, received_at, limits, item.id)
        return found

    def _reader_of(self, index: str) -> BodyReader:
        if index not in self._readers:
            self._readers[index] = BodyReader(index, 0, _definition_of(index))
        return self._readers[index]

    def answered(self) -> list[dict[str, dict[str, object]]]:
        """Return what is answered for each document: that it was created."""
        return [
            {
                item.verb: {
                    "_index": item.target,
                    "_id": item.id or f"{self._place}-{number}",
                    "status": 201,
                    "result": "created",
                }
            }
            for number, item in enumerate(self._items)
        ]


def _definition_of(index: str) -> IngestDefinition:
    """Return how documents of an index become events that nobody has defined."""
    escaped = index.replace("{", "{{").replace("}", "}}")
    return IngestDefinition(PREFIX + escaped, time=TIME, source=escaped or PREFIX, form="json")
