"""Rotation of every kind between two runs: every line once and in order, or the loss is named."""

import asyncio
import bz2
import gzip
import lzma
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame
import pytest
from backports import zstd

from tests.publisher.desk import DEADLINE_SECONDS, Desk, at_desk, numbered, texts
from tests.publisher.peer import Peer

Act = Callable[[Path], None]


def rename(path: Path) -> None:
    path.rename(path.with_name(path.name + ".1"))


def dated(path: Path) -> None:
    path.rename(path.with_name("app-20251022.log"))


def copy_and_truncate(path: Path) -> None:
    shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)


def olddir(path: Path) -> None:
    (path.parent / "old").mkdir()
    path.rename(path.parent / "old" / "app.log.1")


def packed(pack: Callable[[bytes], bytes], suffix: str) -> Act:
    def act(path: Path) -> None:
        (there := path.with_name(f"{path.name}.1{suffix}")).write_bytes(pack(path.read_bytes()))
        status = path.stat()
        os.utime(there, ns=(status.st_atime_ns, status.st_mtime_ns))
        path.unlink()

    return act


def copied_packed_and_truncated(path: Path) -> None:
    (path.parent / "old").mkdir()
    (path.parent / "old" / "app.log-20251022.gz").write_bytes(gzip.compress(path.read_bytes()))
    os.truncate(path, 0)


ACTS: dict[str, Act] = {
    "renamed": rename,
    "dated": dated,
    "copied and truncated": copy_and_truncate,
    "moved to another folder": olddir,
    "gzip": packed(gzip.compress, ".gz"),
    "bzip2": packed(bz2.compress, ".bz2"),
    "xz": packed(lzma.compress, ".xz"),
    "zstd": packed(zstd.compress, ".zst"),
    "lz4": packed(lz4.frame.compress, ".lz4"),
    "copied, packed, moved and truncated": copied_packed_and_truncated,
}


@pytest.mark.parametrize("act", ACTS)
def test_the_rest_of_the_rotated_file_comes_before_the_new_one(tmp_path: Path, act: str) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        await desk.ship(path)
        with path.open("ab") as file:
            file.write(numbered(5, 8))
        ACTS[act](path)
        with path.open("ab") as file:
            file.write(numbered(20, 30))
        report = await desk.ship(path)
        assert desk.lines() == texts(0, 8) + texts(20, 30)
        assert not report.lost
        await desk.ship(path)
        assert len(desk.lines()) == 18

    at_desk(tmp_path, use)


@pytest.mark.parametrize("act", ["renamed", "copied and truncated"])
def test_two_rotations_between_two_looks_leave_nothing_out(tmp_path: Path, act: str) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        await desk.ship(path)
        for first in (10, 20):
            with path.open("ab") as file:
                file.write(numbered(first, first + 5))
            if (one := tmp_path / "app.log.1").exists():
                one.rename(tmp_path / "app.log.2")
            ACTS[act](path)
        with path.open("ab") as file:
            file.write(numbered(30, 32))
        await desk.ship(path)
        assert desk.lines() == [*texts(0, 5), *texts(10, 15), *texts(20, 25), *texts(30, 32)]

    at_desk(tmp_path, use)


def test_late_lines_in_the_renamed_file_are_shipped_by_a_later_run(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 5))
        await desk.ship(path)
        rename(path)
        path.write_bytes(numbered(20, 22))
        await desk.ship(path)
        with (tmp_path / "app.log.1").open("ab") as file:
            file.write(numbered(5, 7))
        await desk.ship(path)
        assert desk.lines() == texts(0, 5) + texts(20, 22) + texts(5, 7)

    at_desk(tmp_path, use)


def test_a_file_that_is_gone_is_named_with_an_estimate(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 50))
        await desk.ship(path)
        path.unlink()
        path.write_bytes(numbered(100, 110))
        report = await desk.ship(path)
        assert desk.lines() == texts(0, 50) + texts(100, 110)
        (lost,) = report.lost
        assert (lost.after_line, lost.path) == (50, str(path))
        assert "is gone" in lost.detail
        assert not (await desk.ship(path)).lost, "it is said once"

    at_desk(tmp_path, use)


def test_rotated_files_that_were_read_may_go(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        path = tmp_path / "app.log"
        for generation in range(4):
            path.write_bytes(numbered(generation * 10, generation * 10 + 5))
            await desk.ship(path)
            for number in (2, 1):
                if (old := tmp_path / f"app.log.{number}").exists():
                    old.rename(tmp_path / f"app.log.{number + 1}")
            (tmp_path / "app.log.3").unlink(missing_ok=True)
            rename(path)
        path.write_bytes(numbered(90, 91))
        report = await desk.ship(path)
        assert not report.lost
        assert len(desk.lines()) == 21

    at_desk(tmp_path, use)


def test_all_rotated_files_given_at_once_are_shipped_the_oldest_first(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        for age, name in ((0, "app.log"), (1, "app.log.1"), (2, "app.log.2.gz")):
            content = numbered(100 - age * 10, 105 - age * 10)
            (path := tmp_path / name).write_bytes(gzip.compress(content) if "gz" in name else content)
            os.utime(path, (1_761_040_800 - age * 86400,) * 2)
        paths = sorted(tmp_path.glob("app.log*"))
        await desk.ship(*paths)
        assert desk.lines() == texts(80, 85) + texts(90, 95) + texts(100, 105)
        assert (await desk.ship(*paths)).total("records") == 0

    at_desk(tmp_path, use)


def test_a_file_that_was_noted_and_not_read_is_read_by_the_next_run(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        async def hang(peer: Peer, request: object, body: bytes) -> Any:
            await asyncio.Event().wait()

        (path := tmp_path / "app.log.1.gz").write_bytes(gzip.compress(numbered(0, 30)))
        desk.peer.faults.append(hang)
        task = asyncio.ensure_future(desk.ship(path))
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not desk.peer.bodies:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await desk.ship(path)
        assert desk.lines() == texts(0, 30)

    at_desk(tmp_path, use)


@pytest.mark.parametrize("act", ["gzip", "bzip2", "xz", "zstd", "lz4"])
def test_a_file_that_was_seen_empty_and_packed_so_is_no_loss(tmp_path: Path, act: str) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(b"")
        await desk.ship(path)
        (following := tmp_path / "following").write_bytes(numbered(0, 3))  # an inode of its own
        ACTS[act](path)
        following.rename(path)
        report = await desk.ship(path)
        assert (report.lost, desk.lines()) == ([], texts(0, 3))

    at_desk(tmp_path, use)


def test_a_file_that_was_seen_empty_and_is_gone_is_named_beside_one_that_was_packed_earlier(
    tmp_path: Path,
) -> None:
    async def use(desk: Desk) -> None:
        (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(b""))
        os.utime(tmp_path / "app.log.2.gz", (1_700_000_000,) * 2)
        (path := tmp_path / "app.log").write_bytes(b"")
        await desk.ship(path)
        (following := tmp_path / "following").write_bytes(numbered(0, 3))
        following.rename(path)
        report = await desk.ship(path)
        assert len(report.lost) == 1

    at_desk(tmp_path, use)


def test_a_copy_that_begins_as_the_emptied_file_does_by_now_is_shipped_too(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(
            numbered(0, 1)[:15]
        )  # half a line, and the half of the next
        await desk.ship(path)
        path.write_bytes(numbered(0, 2))
        ACTS["copied, packed, moved and truncated"](path)
        path.write_bytes(numbered(2, 3))
        rename(path)
        path.write_bytes(numbered(3, 4))
        report = await desk.ship(path)
        assert (report.lost, desk.lines()) == ([], texts(0, 4))

    at_desk(tmp_path, use)


def test_files_in_between_are_shipped_though_half_a_line_is_there_as_before(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 1)[:15])
        await desk.ship(path)
        path.write_bytes(numbered(0, 2))
        (tmp_path / "app.log.1").write_bytes(path.read_bytes())
        path.write_bytes(numbered(2, 3)[:15])  # as if its inode were given again: the same half of a line
        report = await desk.ship(path)
        assert (report.lost, desk.lines()) == ([], texts(0, 2))

    at_desk(tmp_path, use)
