"""A peer that speaks enough of the contract to publish to, and fails on command.

The real API cannot be told to answer 503 three times or to drop a connection after it has stored a
batch; this can. Behaviour of the real one is tested against the real one.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Fault = Callable[["Peer", web.Request, bytes], Awaitable[web.StreamResponse]]


@dataclass
class Peer:
    """What was received, and the faults to come: one is used up by each POST."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    refuse: Callable[[dict[str, object]], bool] = lambda event: False
    not_projected: int = 0

    def store(self, events: list[dict[str, object]]) -> None:
        self.events.extend(events)

    def stats(self) -> dict[str, object]:
        keys = {(event["topic"], event["event_id"]) for event in self.events}
        received = len(self.events)
        return {
            "received": received,
            "unique_processed": len(keys),
            "duplicate_dropped": received - len(keys),
            "conflicts": 0,
            "quarantined": 0,
            "pending": self.not_projected,
            "balanced": True,
        }


def problem(
    status: int, code: str, headers: dict[str, str] | None = None, **more: object
) -> web.StreamResponse:
    body = {"status": status, "code": code, "title": code, "detail": f"detail of {code}", **more}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


def answering(status: int, code: str, retry_after: str | None = None) -> Fault:
    """Return a fault: nothing is stored, and the answer is this problem."""

    async def fault(peer: Peer, request: web.Request, body: bytes) -> web.StreamResponse:
        return problem(status, code, {"Retry-After": retry_after} if retry_after else None)

    return fault


def dropping(*, stored: bool) -> Fault:
    """Return a fault: the connection is cut instead of an answer, before or after the batch is stored."""

    async def fault(peer: Peer, request: web.Request, body: bytes) -> web.StreamResponse:
        if stored:
            peer.store(json.loads(body))
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return fault


async def _publish(request: web.Request) -> web.StreamResponse:
    peer = request.app[PEER]
    body = await request.read()
    peer.bodies.append(body)
    peer.headers.append(dict(request.headers))
    if peer.faults:
        return await peer.faults.popleft()(peer, request, body)
    events = json.loads(body)
    bad = [index for index, event in enumerate(events) if peer.refuse(event)]
    rejected = [{"index": i, "pointer": f"/{i}/topic", "code": "bad", "detail": "refused here"} for i in bad]
    if len(bad) == len(events) or (bad and "lenient" not in request.headers.get("Prefer", "")):
        return problem(422, "bad", errors=rejected, rejected=rejected)
    peer.store([event for index, event in enumerate(events) if index not in bad])
    last = len(peer.events)
    accepted = len(events) - len(bad)
    answer = {
        "status": "accepted",
        "accepted": accepted,
        "deliveries": [{"partition": 0, "first": last - accepted + 1, "last": last}],
        "rejected": rejected,
    }
    return web.json_response(answer, status=202)


async def _stats(request: web.Request) -> web.StreamResponse:
    return web.json_response(request.app[PEER].stats())


async def _event(request: web.Request) -> web.StreamResponse:
    peer = request.app[PEER]
    topic, event_id = request.match_info["topic"], request.match_info["event_id"]
    for event in peer.events:
        if (event["topic"], event["event_id"]) == (topic, event_id):
            return web.json_response(event)
    return problem(404, "not_found")


async def _delivery(request: web.Request) -> web.StreamResponse:
    peer = request.app[PEER]
    position = int(request.match_info["position"])
    if not 0 < position <= len(peer.events):
        return problem(404, "not_found")
    return web.json_response({"event_id": peer.events[position - 1]["event_id"]})


PEER = web.AppKey("peer", Peer)


@asynccontextmanager
async def running_peer() -> AsyncIterator[Peer]:
    """Serve a peer on a free port of the loopback interface."""
    app = web.Application(client_max_size=1 << 24)
    app[PEER] = peer = Peer()
    app.router.add_post("/publish", _publish)
    app.router.add_get("/stats", _stats)
    app.router.add_get("/livez", _stats)
    app.router.add_get("/events/{topic}/{event_id}", _event)
    app.router.add_get("/deliveries/{partition}:{position}", _delivery)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield peer
    finally:
        await runner.cleanup()
