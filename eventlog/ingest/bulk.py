"""The subset of Elasticsearch's bulk API that shippers use → events: `create` and `index`.

A body is lines in pairs: what to do, and the document. The topic is `bulk.` and the name of the index, unless
`eventlog ingest set` defines how documents of this name become events; `_id` is the identity, where there is
one; `@timestamp` the time.

Format: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

import hashlib
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from eventlog.ingest.definition import IngestDefinition
from eventlog.intake.text import WHITE_SPACE

PREFIX = "bulk."
TIME = "{body.@timestamp}"
DOCUMENTS_MAX = 10_000
Verb = Literal["create", "index"]


class _Target(msgspec.Struct):
    name: str | None = msgspec.field(default=None, name="_index")
    id: str | None = msgspec.field(default=None, name="_id")


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
        yield BulkItem(verb, index, target.id, document if document else line, flaw)


def definition_of(index: str) -> IngestDefinition:
    """Return how documents of an index become events that nobody has defined."""
    escaped = index.replace("{", "{{").replace("}", "}}")
    return IngestDefinition(PREFIX + escaped, time=TIME, source=escaped or PREFIX, form="json")


def place_of(body: bytes) -> str:
    """Return what identifies a request whose documents have no ids."""
    return hashlib.sha256(body).hexdigest()[:32]
