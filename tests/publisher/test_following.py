"""Following files: what is appended, rotated or not there yet arrives, each line once."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.publisher.desk import Desk, at_desk, numbered, texts
from tests.publisher.peer import answering


def test_following_ships_within_a_second_and_joins_a_stack_trace(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 2))
        async with desk.following(path):
            await desk.until(*texts(0, 2))
            with path.open("ab", buffering=0) as file:
                started = asyncio.get_running_loop().time()
                file.write(numbered(2, 3))
                file.write(b"  at x\n")
                await desk.until(*texts(0, 2), texts(2, 3)[0] + "\n  at x")
                assert asyncio.get_running_loop().time() - started < 1.5
                file.write(b"2025-10-21 10:00:00 half")
                file.write(b" a line\n")
                await desk.until(*texts(0, 2), texts(2, 3)[0] + "\n  at x", "2025-10-21 10:00:00 half a line")

    at_desk(tmp_path, use)


@pytest.mark.parametrize("way", ["renamed", "copied and truncated", "copied and rewritten longer"])
def test_following_goes_on_past_rotation(tmp_path: Path, way: str) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 3))
        async with desk.following(path):
            await desk.until(*texts(0, 3))
            if way == "renamed":
                path.rename(old := tmp_path / "app.log.1")
                path.write_bytes(numbered(10, 12))
                with old.open("ab") as late:
                    late.write(numbered(3, 4))
                await desk.until(*texts(0, 4), *texts(10, 12))
            else:
                shutil.copy(path, tmp_path / "app.log.1")
                fresh = numbered(10, 12) if way == "copied and truncated" else numbered(10, 20)
                path.write_bytes(fresh)
                await desk.until(*texts(0, 3), *fresh.decode().splitlines())
        await desk.ship(path)
        assert len(set(desk.ids())) == len(desk.ids())

    at_desk(tmp_path, use)


def test_following_waits_for_a_file_and_for_an_api(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        desk.peer.faults.extend([answering(503, "starting")] * 4)
        path = tmp_path / "app.log"
        async with desk.following(path):
            path.write_bytes(numbered(0, 2))
            await desk.until(*texts(0, 2))

    at_desk(tmp_path, use)


def test_followed_files_resume_where_they_were(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 3))
        async with desk.following(path):
            await desk.until(*texts(0, 3))
        with path.open("ab") as file:
            file.write(numbered(3, 6))
        async with desk.following(path):
            await desk.until(*texts(0, 6))

    at_desk(tmp_path, use)
