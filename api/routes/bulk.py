"""POST /_bulk, /{index}/_bulk: what shippers use of Elasticsearch's API, so that they can be pointed here.

Each document is answered as created, since they drop what is not: what can be no event is kept under the
topic `$unparsed`. Whoever needs a key sends it as Basic: any user, the key as the password.
"""

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from fastapi import APIRouter, Request, Response

from api.routes.ingest import take_in
from api.routes.read_route import answer, services_of
from eventlog.ingest.bulk import BulkRequest

router = APIRouter(include_in_schema=False)


@router.api_route("/_bulk", methods=["POST", "PUT"])
@router.api_route("/{index}/_bulk", methods=["POST", "PUT"])
async def bulk(request: Request, index: str | None = None) -> Response:
    """Append the documents of a request, answer once they are durable."""
    began = monotonic()
    asked = BulkRequest(index, await services_of(request).definitions.current())
    await take_in(request, lambda _, body, limits: asked.read(body, datetime.now(UTC), limits))
    took = int((monotonic() - began) * 1_000)
    return _elastic({"took": took, "errors": False, "items": asked.answered()})


@router.api_route("/_cat/health", methods=["GET", "HEAD"])
@router.api_route("/_cluster/health", methods=["GET", "HEAD"])
async def health() -> Response:
    """Answer who asks whether there is anybody before sending."""
    return _elastic({"cluster_name": "eventlog", "status": "green"})


def _elastic(content: Any) -> Response:
    # Clients of Elasticsearch's own refuse to talk to what does not say that.
    return answer(content, headers={"X-Elastic-Product": "Elasticsearch"})
