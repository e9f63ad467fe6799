"""The client: every attempt carries the same bytes, and each kind of failure gets what it deserves."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from eventlog.errors import EventlogError, SettingsError
from eventlog.terminal.errors import ApiUnavailable
from publisher.client import Client
from publisher.errors import PublishRefused
from publisher.retrying import (
    BACKOFF_MAX_SECONDS,
    is_retryable,
    may_be_stored,
    retry_after_seconds,
    wait_seconds,
)
from publisher.ship.outgoing import OutgoingBatch, publish
from publisher.ship.records import Record
from tests.publisher.peer import Peer, answering, dropping, running_peer

BODY = b'[{"topic":"a","event_id":"1"}]'


def with_peer(use: Callable[[Peer, Client], Awaitable[None]], **flags: float) -> None:
    async def run() -> None:
        async with running_peer() as peer, Client(peer.url, **flags) as client:  # type: ignore[arg-type]
            await use(peer, client)

    asyncio.run(run())


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 507])
def test_an_answer_that_may_change_is_asked_for_again_with_the_same_bytes(status: int) -> None:
    async def use(peer: Peer, client: Client) -> None:
        peer.faults.extend([answering(status, "queue_full"), answering(status, "queue_full")])
        assert (await client.publish(BODY)).status == 202
        assert peer.bodies == [BODY, BODY, BODY]
        assert client.counters.retries == 2

    with_peer(use)


@pytest.mark.parametrize("status", [400, 403, 413, 415, 421, 422])
def test_a_refusal_of_the_content_is_never_sent_again(status: int) -> None:
    async def use(peer: Peer, client: Client) -> None:
        peer.faults.append(answering(status, "invalid_json"))
        with pytest.raises(PublishRefused, match="invalid_json: detail of invalid_json") as caught:
            await client.publish(BODY)
        assert (caught.value.status, caught.value.code) == (status, "invalid_json")
        assert len(peer.bodies) == 1

    with_peer(use)


def test_a_connection_that_drops_is_tried_again_and_counts_as_perhaps_stored() -> None:
    async def use(peer: Peer, client: Client) -> None:
        peer.faults.extend([dropping(stored=True), dropping(stored=False)])
        await client.publish(BODY, events=1)
        assert client.counters.perhaps_stored == 2
        assert len(peer.events) == 2, "one attempt was stored before its connection dropped"

    with_peer(use)


def test_an_unknown_outcome_is_tried_again_and_counts_as_perhaps_stored() -> None:
    async def use(peer: Peer, client: Client) -> None:
        peer.faults.extend([answering(503, "outcome_unknown"), answering(503, "queue_full")])
        await client.publish(BODY, events=7)
        assert client.counters.perhaps_stored == 7

    with_peer(use)


def test_json_of_something_in_between_proves_nothing() -> None:
    async def gateway(peer: Peer, request: web.Request, body: bytes) -> web.StreamResponse:
        return web.json_response({"message": "bad gateway"}, status=502)

    async def use(peer: Peer, client: Client) -> None:
        peer.faults.append(gateway)
        await client.publish(BODY, events=7)
        assert client.counters.perhaps_stored == 7

    with_peer(use)


def test_retry_after_is_waited_for() -> None:
    async def use(peer: Peer, client: Client) -> None:
        peer.faults.append(answering(503, "queue_full", retry_after="1"))
        started = time.monotonic()
        await client.publish(BODY)
        assert time.monotonic() - started >= 1.0

    with_peer(use)


def test_a_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    async def use(peer: Peer, client: Client) -> None:
        peer.faults.append(answering(503, "starting", retry_after="3600"))
        started = time.monotonic()
        with pytest.raises(ApiUnavailable, match="503 starting"):
            await client.publish(BODY)
        assert time.monotonic() - started < 5

    with_peer(use)


def test_attempts_are_bounded() -> None:
    async def use(peer: Peer, client: Client) -> None:
        peer.faults.extend([answering(503, "queue_full")] * 5)
        with pytest.raises(ApiUnavailable, match="after 3 attempts"):
            await client.publish(BODY)
        assert len(peer.bodies) == 3

    with_peer(use, attempts_max=3)


def test_a_server_that_never_answers_is_left_after_the_timeout() -> None:
    async def hang(peer: Peer, request: object, body: bytes) -> None:
        await asyncio.Event().wait()

    async def use(peer: Peer, client: Client) -> None:
        peer.faults.append(hang)  # type: ignore[arg-type]
        assert (await client.publish(BODY, events=3)).status == 202
        assert client.counters.perhaps_stored == 3

    with_peer(use, timeout_seconds=0.2)


def test_nobody_listening_is_said_with_the_address_and_the_mend() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def use() -> None:
            async with Client(url, attempts_max=2) as client:
                await client.publish(BODY)

        with pytest.raises(ApiUnavailable, match=rf"{url}.*is `eventlog up` running\?"):
            asyncio.run(use())


def test_something_else_that_listens_there_is_told_from_the_api() -> None:
    async def use(peer: Peer, client: Client) -> None:
        with pytest.raises(ApiUnavailable, match="answered 404, and not as eventlog would"):
            await client.get("/no/such/route")

    with_peer(use)


def test_an_address_that_is_none_is_a_wrong_setting() -> None:
    async def use() -> None:
        async with Client("localhost:8080") as client:
            await client.publish(BODY)

    with pytest.raises(SettingsError, match=r"EVENTLOG_URL.*localhost:8080"):
        asyncio.run(use())


def test_a_body_over_a_mebibyte_goes_out_whole() -> None:
    body = b'[{"topic":"a","event_id":"1","fill":"' + b"x" * (2 << 20) + b'"}]'

    async def use(peer: Peer, client: Client) -> None:
        await client.publish(body)
        assert peer.bodies == [body]

    with_peer(use)


def test_the_errors_belong_to_the_tree() -> None:
    assert issubclass(ApiUnavailable, EventlogError)
    assert issubclass(PublishRefused, EventlogError)


NOW = datetime(2025, 10, 21, 10, 0, 0, tzinfo=UTC)


@given(st.integers(0, 10**6))
def test_retry_after_is_read_as_seconds_and_as_a_date(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(str(seconds), NOW) == seconds
    assert retry_after_seconds(date, NOW) == seconds


@given(st.one_of(st.none(), st.text()))
def test_a_nonsensical_retry_after_is_no_error(value: str | None) -> None:
    assert retry_after_seconds(value, NOW) >= 0.0


@given(st.integers(1, 10**6), st.floats(0, 100))
def test_the_wait_is_at_least_retry_after_and_bounded(attempt: int, after: float) -> None:
    wait = wait_seconds(attempt, after)
    assert after <= wait <= after + BACKOFF_MAX_SECONDS


def test_only_an_answer_of_ours_proves_that_nothing_was_stored() -> None:
    assert may_be_stored(502, None)
    assert may_be_stored(503, "outcome_unknown")
    assert not may_be_stored(503, "queue_full")
    assert not may_be_stored(429, None)


def test_success_and_refusals_are_not_retryable() -> None:
    assert not any(is_retryable(status) for status in (200, 202, 301, 400, 404, 409, 413, 422))


def test_an_answer_for_fewer_events_than_were_sent_is_no_success() -> None:
    batch = OutgoingBatch()
    for number in range(3):
        record = Record(number, number, b"", 1, "", 0, False, number + 1, number)
        batch.add(b'{"topic":"a","event_id":"%d"}' % number, record, "")

    async def fault(peer: Peer, request: web.Request, body: bytes) -> web.StreamResponse:
        return web.json_response({"status": "accepted", "accepted": 2, "deliveries": []}, status=202)

    async def use(peer: Peer, client: Client) -> None:
        peer.faults.append(fault)
        with pytest.raises(ApiUnavailable, match="for 2 of 3 events"):
            await publish(client, "a.log", batch)
        assert (await publish(client, "a.log", batch)).accepted == 3

    with_peer(use)
