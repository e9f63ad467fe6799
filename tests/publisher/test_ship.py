"""Shipping files: every line once, whatever happens to the file, the API or the shipper meanwhile."""

import asyncio
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eventlog.terminal.errors import ApiUnavailable
from publisher.errors import PublishRefused
from tests.publisher.desk import DEADLINE_SECONDS, Desk, at_desk, numbered, texts
from tests.publisher.peer import Peer, answering, dropping


def test_every_line_arrives_in_order_and_the_second_time_there_is_nothing_new(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 2345))
        report = await desk.ship(path, batch=100)
        assert desk.lines() == texts(0, 2345)
        assert (report.total("records"), report.total("accepted"), report.complete) == (2345, 2345, True)
        assert all(json.loads(body) for body in desk.peer.bodies)
        assert len(desk.peer.bodies) == 24
        again = await desk.ship(path)
        assert again.files[0].nothing_new
        assert len(desk.peer.events) == 2345

    at_desk(tmp_path, use)


def test_a_file_that_grew_is_shipped_from_where_it_ended(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 10))
        await desk.ship(path)
        with path.open("ab") as file:
            file.write(numbered(10, 20))
        report = await desk.ship(path)
        assert desk.lines() == texts(0, 20)
        assert report.files[0].resumed_after_line == 10

    at_desk(tmp_path, use)


@pytest.mark.parametrize("way", ["elsewhere", "rotated", "compressed", "grown"])
def test_the_same_file_shipped_again_adds_nothing_wherever_it_went(tmp_path: Path, way: str) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 50))
        await desk.ship(path)
        (there := tmp_path / "there").mkdir()
        moved = there / {"rotated": "kept-for-audit.txt", "compressed": "app.log.2.gz"}.get(way, "app.log")
        if way == "compressed":
            moved.write_bytes(gzip.compress(path.read_bytes()))
        else:
            shutil.copy(path, moved)
        if way == "grown":
            moved.write_bytes(moved.read_bytes() + numbered(50, 60))
        report = await desk.ship(moved)
        assert report.files[0].already_there == 50
        assert desk.lines() == texts(0, 60 if way == "grown" else 50)
        assert {event["topic"] for event in desk.peer.events} == {"log.app.line"}

    at_desk(tmp_path, use)


def test_an_interrupted_run_goes_on_after_what_was_acknowledged(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 1000))

        async def hang(peer: Peer, request: object, body: bytes) -> Any:
            await asyncio.Event().wait()

        async def pass_on(peer: Peer, request: object, body: bytes) -> Any:
            return await _accept(peer, body)

        desk.peer.faults.extend([pass_on, pass_on, pass_on, hang])
        task = asyncio.ensure_future(desk.ship(path, batch=100))
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(desk.peer.bodies) < 4:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        report = await desk.ship(path, batch=100)
        assert report.files[0].resumed_after_line == 300
        assert desk.lines() == texts(0, 1000)

    at_desk(tmp_path, use)


def test_an_api_that_goes_away_loses_nothing(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 500))
        desk.peer.faults.extend([answering(503, "starting")] * 9)
        with pytest.raises(ApiUnavailable):
            await desk.ship(path, batch=100)
        desk.peer.faults.clear()
        await desk.ship(path, batch=100)
        assert desk.lines() == texts(0, 500)

    at_desk(tmp_path, use)


def test_a_dropped_connection_may_repeat_a_batch_but_never_an_id_or_the_order(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 300))
        desk.peer.faults.extend([dropping(stored=True), dropping(stored=False)])
        await desk.ship(path, batch=100)
        assert desk.lines() == texts(0, 100) + texts(0, 300)
        assert len(set(desk.ids())) == 300

    at_desk(tmp_path, use)


def test_another_log_gets_the_file_from_its_beginning(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        await desk.ship(path)
        desk.peer.events.clear()
        await desk.ship(path)
        assert desk.lines() == texts(0, 5)
        assert any("does not have what was shipped before" in text for text in desk.said)

    at_desk(tmp_path, use)


def test_a_rotated_file_is_finished_before_its_successor(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        await desk.ship(path)
        with path.open("ab") as file:
            file.write(numbered(5, 8))
        path.rename(tmp_path / "app.log.1")
        path.write_bytes(b"2025-10-22 fresh\n")
        await desk.ship(path)
        assert desk.lines() == [*texts(0, 8), "2025-10-22 fresh"]
        await desk.ship(path)
        assert len(desk.lines()) == 9

    at_desk(tmp_path, use)


def test_a_file_that_was_truncated_is_shipped_from_its_beginning(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        await desk.ship(path)
        path.write_bytes(numbered(100, 120))
        await desk.ship(path)
        assert desk.lines() == texts(0, 5) + texts(100, 120)

    at_desk(tmp_path, use)


def test_half_a_line_waits_for_its_end_and_is_said(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(b"one\ntwo")
        report = await desk.ship(path)
        assert (desk.lines(), report.files[0].waiting_bytes) == (["one"], 3)
        assert any("--partial" in text for text in desk.said)
        with path.open("ab") as file:
            file.write(b" and a half\nthree\n")
        await desk.ship(path)
        assert desk.lines() == ["one", "two and a half", "three"]

    at_desk(tmp_path, use)


def test_half_a_line_is_shipped_on_request_and_no_byte_of_it_twice(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(b"one\ntwo")
        await desk.ship(path, partial=True)
        with path.open("ab") as file:
            file.write(b" and a half\nthree\n")
        await desk.ship(path, partial=True)
        assert desk.lines() == ["one", "two", " and a half", "three"]

    at_desk(tmp_path, use)


def test_a_refused_line_is_named_and_the_others_get_through(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        lines = [{"n": n} for n in range(10)]
        content = [json.dumps(line).encode() for line in lines]
        content[3] = b"{broken"
        (path := tmp_path / "events.ndjson").write_bytes(b"\n".join(content) + b"\n")
        desk.peer.refuse = lambda event: event["payload"] in ({"n": 5}, {"n": 9})
        report = await desk.ship(path, batch=4)
        assert [event["payload"] for event in desk.peer.events] == [{"n": n} for n in (0, 1, 2, 4, 6, 7, 8)]
        assert [(line.line_number, line.code) for line in desk.refused] == [
            (4, "invalid_json"),
            (6, "bad"),
            (10, "bad"),
        ]
        assert (report.total("accepted"), report.total("refused"), report.complete) == (7, 3, False)
        await desk.ship(path)
        assert len(desk.refused) == 3, "the position is past them"

    at_desk(tmp_path, use)


def test_a_refusal_that_does_not_say_which_event_is_narrowed_down(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        async def fault(peer: Peer, request: object, body: bytes) -> Any:
            peer.faults.appendleft(fault)
            if any(event["payload"]["line"] == "bad" for event in json.loads(body)):
                return await answering(400, "number_out_of_range")(peer, request, body)  # type: ignore[arg-type]
            return await _accept(peer, body)

        desk.peer.faults.append(fault)
        lines = [f"line {n}" for n in range(50)]
        lines[17] = lines[33] = "bad"
        (path := tmp_path / "app.log").write_text("\n".join(lines) + "\n")
        await desk.ship(path)
        assert desk.lines() == [line for line in lines if line != "bad"]
        assert [(line.line_number, line.code) for line in desk.refused] == [
            (18, "number_out_of_range"),
            (34, "number_out_of_range"),
        ]

    at_desk(tmp_path, use)


def test_a_refusal_that_is_not_about_the_content_stops_at_once(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 50))
        desk.peer.faults.append(answering(421, "misdirected"))
        with pytest.raises(PublishRefused, match="421 misdirected"):
            await desk.ship(path)
        assert len(desk.peer.bodies) == 1

    at_desk(tmp_path, use)


def test_a_file_that_is_not_there_does_not_stop_the_others(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        report = await desk.ship(tmp_path / "nowhere.log", path)
        assert desk.lines() == texts(0, 5)
        assert not report.complete
        assert "No such file" in (report.files[0].failure or "")

    at_desk(tmp_path, use)


def test_an_empty_file_is_no_error(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(b"")
        assert (await desk.ship(path)).complete
        assert not desk.peer.bodies

    at_desk(tmp_path, use)


async def _accept(peer: Peer, body: bytes) -> Any:
    from aiohttp import web

    events = json.loads(body)
    peer.store(events)
    last = len(peer.events)
    place = {"partition": 0, "first": last - len(events) + 1, "last": last}
    return web.json_response({"accepted": len(events), "deliveries": [place]}, status=202)
