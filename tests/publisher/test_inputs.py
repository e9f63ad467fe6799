"""Containers' files, a format that is given, and what --dry-run shows."""

import json
from pathlib import Path

import pytest

from eventlog.errors import SettingsError
from publisher.ship.dry_run import dry_run
from publisher.ship.times.custom import custom_layout
from tests.publisher.desk import Desk, at_desk, numbered
from tests.publisher.test_flags import shipping


def test_docker_s_pieces_are_one_event(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        pieces = [("whole\n", "stdout"), ("long ", "stdout"), ("line\n", "stdout"), ("  at x\n", "stderr")]
        lines = [
            json.dumps({"log": text, "stream": stream, "time": f"2025-10-21T10:00:0{n}.123456789Z"})
            for n, (text, stream) in enumerate(pieces)
        ]
        (path := tmp_path / "c0ffee-json.log").write_text("\n".join(lines) + "\n")
        await desk.ship(path, container="docker")
        assert desk.lines() == ["whole", "long line", "  at x"]
        assert [event["timestamp"] for event in desk.peer.events][1] == "2025-10-21T10:00:01.123456Z"
        assert [event["payload"]["stream"] for event in desk.peer.events][2] == "stderr"  # type: ignore[index]

    at_desk(tmp_path, use)


def test_cri_s_pieces_are_one_event_and_what_is_none_is_refused(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "0.log").write_text(
            "2025-10-21T10:00:00.1+02:00 stdout F whole\n"
            "2025-10-21T10:00:01.1+02:00 stdout P long \n"
            "2025-10-21T10:00:02.1+02:00 stdout F line\n"
            "no container wrote this\n"
            "2025-10-21T10:00:03.1+02:00 stderr F \n"
        )
        report = await desk.ship(path, container="cri")
        assert desk.lines() == ["whole", "long line", ""]
        assert report.total("refused") == 1

    at_desk(tmp_path, use)


def test_a_given_format_wins_over_what_would_be_recognised(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_text("2020-01-01 00:00:00 until 03|02|2025 at 04.05.06\n")
        await desk.ship(path, time_format=custom_layout("%d|%m|%Y at %H.%M.%S"))
        assert [event["timestamp"] for event in desk.peer.events] == ["2025-02-03T04:05:06.000Z"]

    at_desk(tmp_path, use)


def test_a_given_format_that_matches_nothing_sends_nothing(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        report = await desk.ship(path, time_format=custom_layout("%d.%m.%Y %T"))
        assert "matches none of the first 5 lines" in (report.files[0].failure or "")
        (path := tmp_path / "app.ndjson").write_text('{"a":1}\n')
        report = await desk.ship(path, time_field="b")
        assert "--time-field b" in (report.files[0].failure or "")
        assert not desk.peer.events

    at_desk(tmp_path, use)


@pytest.mark.parametrize("text", ["%Q", "%H:%M", "%d %m %d"])
def test_a_format_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--time-format"):
        shipping(time_format=text)


def test_a_dry_run_shows_what_is_recognised_and_the_first_events(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(numbered(0, 5))
    (tmp_path / "bad.log").write_bytes(bytes(range(256)) * 20)
    said = list(dry_run([str(tmp_path), str(tmp_path / "nowhere" / "x.log")], shipping()))
    faults = [text for text, is_fault in said if is_fault]
    assert len(faults) == 2
    texts = [text for text, is_fault in said if not is_fault]
    assert "iso (start)" in texts[0]
    assert json.loads(texts[1])["timestamp"] == "2025-10-21T10:00:00.000Z"
    assert len(texts) == 4
