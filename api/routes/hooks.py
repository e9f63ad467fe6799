"""POST /hooks/{name}: webhooks of providers that sign them.

Whoever knows the secret is believed, and is never refused for what is in a body: most providers drop what is
refused, and try nothing again. What can be no event is kept under the topic `$unparsed`.
"""

from datetime import UTC, datetime
from time import time

from fastapi import APIRouter, Request, Response

from api.errors import Problem
from api.http.admission import Publishing
from api.http.receive_publish import receive_publish
from api.http.request_origin import client_of
from api.openapi import sends
from api.requests.topics import caller_of
from api.routes.publish import PublishAccepted, accepted_of, record, submit
from api.routes.publish_schema import ACCEPTED
from api.routes.read_route import answer, problems, services_of
from api.wiring import Services
from eventlog.hooks.definition import HookDefinition
from eventlog.hooks.reading import challenge_of, read_webhook
from eventlog.hooks.signature import SignatureRefused, require_signature
from eventlog.log.append import encode

router = APIRouter(tags=["publish"])


@router.post(
    "/hooks/{name}",
    summary="Take in a webhook",
    description="EVENTLOG_HOOKS_FILE defines them. The body is what the provider sends, signed.",
    responses={
        200: sends(PublishAccepted, "durable, or kept as unparsed", example=ACCEPTED),
        **problems(401, 404, 413, 503, 507),
    },
)
async def webhook(request: Request, name: str) -> Response:
    """Check who sent it, append it, answer once it is durable."""
    services = services_of(request)
    hook = _hook(services, name)
    try:
        return await _take_in(services, hook, request)
    except SignatureRefused as error:
        problem = Problem("signature_refused", str(error))
        record(services, problem, request.scope["request_id"], client_of(request.scope))
        raise problem from None


async def _take_in(services: Services, hook: HookDefinition, request: Request) -> Response:
    caller = caller_of(request.scope)
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    bytes_max = services.limits.event_bytes
    with Publishing(services.admission, caller.id) as share:
        body = await receive_publish(services, caller, headers, request.receive, share, bytes_max=bytes_max)
        require_signature(
            hook.rules, hook.keys, headers, body, now=time(), tolerance_seconds=hook.tolerance_seconds
        )
        if (challenge := challenge_of(hook, body)) is not None:
            return answer({"challenge": challenge})
        events = read_webhook(hook, headers, body, datetime.now(UTC), services.limits.depth)
        deliveries = encode(events, services.partitions, request.scope["request_id"].bytes)
        [places] = await submit(services, caller, deliveries)
    return answer(accepted_of(deliveries, places))


def _hook(services: Services, name: str) -> HookDefinition:
    found = None if services.hooks is None else services.hooks.find(name)
    if found is None:
        raise Problem("not_found", "no webhook of this name is defined: see EVENTLOG_HOOKS_FILE")
    return found
