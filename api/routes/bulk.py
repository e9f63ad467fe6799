"""POST /_bulk, /{index}/_bulk: what shippers use of Elasticsearch's API, so that they can be pointed here.

Each document is answered as created, since they drop what is not: what can be no event is kept under the
topic `$unparsed`. Whoever needs a key sends it as Basic: any user, the key as the password.
"""

import asyncio
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from fastapi import APIRouter, Request, Response

from api.errors import Problem
from api.http.admission import Publishing
from api.http.body import read_body
from api.http.packed_body import unpacked
from api.requests.topics import caller_of
from api.routes.ingest import READ_AT_ONCE_BYTES_MAX, append
from api.routes.publish import limits_for
from api.routes.read_route import answer, services_of
from eventlog.ingest.bulk import DOCUMENTS_MAX, BulkItem, definition_of, place_of, read_bulk
from eventlog.ingest.reading import BodyReader, Ingested
from eventlog.intake.unparsed import unparsed

router = APIRouter(include_in_schema=False)


@router.api_route("/_bulk", methods=["POST", "PUT"])
@router.api_route("/{index}/_bulk", methods=["POST", "PUT"])
async def bulk(request: Request, index: str | None = None) -> Response:
    """Append the documents of a request, answer once they are durable."""
    began = monotonic()
    services = services_of(request)
    caller = caller_of(request.scope)
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    announced = int(headers.get(b"content-length", b"0"))
    bytes_max = services.settings.body_bytes_max
    with Publishing(services.admission) as share:
        services.writer.require_room()
        if caller.meter is not None:
            caller.meter.admit_publish(announced)
        body = await read_body(
            headers,
            request.receive,
            share.take,
            bytes_max=bytes_max,
            timeout_seconds=services.settings.receive_timeout_seconds,
        )
        if caller.meter is not None:
            caller.meter.take_bytes(len(body) - announced)
        body = unpacked(headers, body, bytes_max)
        items = list(read_bulk(body, index))
        if len(items) > DOCUMENTS_MAX:
            raise Problem("batch_too_large", f"a body has at most {DOCUMENTS_MAX} documents")
        readers = {name: await _reader(request, name) for name in {item.target for item in items}}
        place = place_of(body)

        def read() -> Ingested:
            found = Ingested([], [])
            for number, item in enumerate(items):
                _take(request, found, readers[item.target], item, f"{place}-{number}", number)
            return found

        found = read() if len(body) <= READ_AT_ONCE_BYTES_MAX else await asyncio.to_thread(read)
        await append(request, found)
    created = [
        {
            item.verb: {
                "_index": item.target,
                "_id": item.id or f"{place}-{number}",
                "status": 201,
                "result": "created",
            }
        }
        for number, item in enumerate(items)
    ]
    took = int((monotonic() - began) * 1_000)
    return _elastic({"took": took, "errors": False, "items": created})


async def _reader(request: Request, index: str) -> BodyReader:
    defined = await services_of(request).definitions.find(index)
    return BodyReader(index, 0, definition_of(index)) if defined is None else defined


def _take(
    request: Request, found: Ingested, reader: BodyReader, item: BulkItem, place: str, number: int
) -> None:
    now = datetime.now(UTC)
    if item.flaw is not None:
        found.unparsed.append(unparsed("/_bulk", item.document, "no_document", item.flaw, now, number))
        return
    limits = limits_for(services_of(request), caller_of(request.scope))
    reader.take(found, {}, item.document, place, number, now, limits, item.id)


@router.api_route("/_cat/health", methods=["GET", "HEAD"])
@router.api_route("/_cluster/health", methods=["GET", "HEAD"])
async def health() -> Response:
    """Answer who asks whether there is anybody before sending."""
    return _elastic({"cluster_name": "eventlog", "status": "green"})


def _elastic(content: Any) -> Response:
    # Clients of Elasticsearch's own refuse to talk to what does not say that.
    return answer(content, headers={"X-Elastic-Product": "Elasticsearch"})
