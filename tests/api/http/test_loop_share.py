"""Who has no credit waits for a turn of the event loop that is not used up yet."""

import asyncio
import time
from contextlib import ExitStack

from api.http.loop_share import TURN_SECONDS, LoopShare
from api.http.protocol import HEAD_PART_BYTES, PIPELINED_MAX
from tests.support.raw_client import client_of, one_topic, request


def busy(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_who_comes_after_a_used_up_turn_goes_on_later_in_order() -> None:
    async def run() -> tuple[list[int], list[int]]:
        share = LoopShare()
        done: list[int] = []

        def go_on(number: int) -> None:
            share.begin()
            busy(TURN_SECONDS * 1.5)
            share.end()
            done.append(number)

        assert not share.is_used_up
        go_on(0)
        assert share.is_used_up
        share.wait(lambda: go_on(1))
        share.wait(lambda: go_on(2))
        assert done == [0]
        turns = []
        while len(done) < 3:
            await asyncio.sleep(0)
            turns.append(len(done))
        return done, turns

    done, turns = asyncio.run(run())
    assert done == [0, 1, 2]
    assert 2 in turns  # one a turn, since each uses up its own


def test_a_turn_of_which_little_is_used_keeps_nobody_waiting() -> None:
    async def run() -> list[int]:
        share = LoopShare()
        done: list[int] = []
        share.begin()
        share.end()
        assert not share.is_used_up
        for number in range(5):
            share.wait(lambda number=number: done.append(number))  # type: ignore[misc]
        await asyncio.sleep(0)
        return done

    assert asyncio.run(run()) == [0, 1, 2, 3, 4]


def test_many_that_send_at_once_are_all_answered(api: str) -> None:
    """More than is read at one turn, of each more than is read of it at once."""
    with ExitStack() as opened:
        clients = [opened.enter_context(client_of(api)) for _ in range(100)]
        for number, client in enumerate(clients):
            asked = [b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 3 * PIPELINED_MAX
            client.send(*asked, request(one_topic(str(number))), b"\r\n")
        for client in clients:
            statuses = [client.answer()[0] for _ in range(3 * PIPELINED_MAX + 1)]
            assert statuses == [200] * 3 * PIPELINED_MAX + [202]


def test_few_requests_are_in_what_is_parsed_at_once() -> None:
    # The shortest that there is.
    assert HEAD_PART_BYTES // len(b"GET / HTTP/1.1\r\n\r\n") < 2 * PIPELINED_MAX
