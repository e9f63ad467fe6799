"""Which file is this? The same one adds nothing, another one loses nothing, and what is a guess is said."""

import bz2
import gzip
import lzma
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame
import msgspec
import pytest
from backports import zstd

from publisher.ship.files import LogFile
from publisher.ship.identity import Identities
from publisher.ship.positions import Positions
from publisher.ship.shipping import Shipping
from tests.publisher.desk import Desk, at_desk, numbered, texts

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
}


def test_the_same_line_twice_is_two_events(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(b"same\n" * 3)
        await desk.ship(path)
        assert desk.lines() == ["same"] * 3
        assert len(set(desk.ids())) == 3

    at_desk(tmp_path, use)


def test_the_same_lines_in_a_file_of_another_night_are_events_of_their_own(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        path = tmp_path / "backup.log"
        for night in range(3):
            path.unlink(missing_ok=True)
            path.write_bytes(b"start\ndone\n")
            os.utime(path, (1_700_000_000 + night * 86400,) * 2)
            await desk.ship(path)
        assert desk.lines() == ["start", "done"] * 3
        assert len(set(desk.ids())) == 6
        assert any("--copies" in text for text in desk.said)

    at_desk(tmp_path, use)


def test_a_file_written_again_in_place_with_the_same_lines_is_another_run(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        path = tmp_path / "backup.log"
        for night in range(2):
            path.write_bytes(b"start\ndone\n")
            os.utime(path, (1_700_000_000 + night * 86400,) * 2)
            await desk.ship(path)
        assert desk.lines() == ["start", "done"] * 2

    at_desk(tmp_path, use)


@pytest.mark.parametrize(("copies", "lines"), [("skip", 2), ("ship", 4)])
def test_a_flag_decides_what_cannot_be_told_apart(tmp_path: Path, copies: str, lines: int) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "backup.log").write_bytes(b"start\ndone\n")
        await desk.ship(path)
        (other := tmp_path / "other.log").write_bytes(b"start\ndone\n")
        os.utime(other, (1_700_000_000,) * 2)
        await desk.ship(other, copies=copies)
        assert len(desk.lines()) == lines

    at_desk(tmp_path, use)


def test_files_with_a_common_beginning_are_files_of_their_own(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        banner = b"".join(b"cluster banner, line %d\n" % n for n in range(200))
        for job, last in (("10234567", b"result 1\n"), ("10234568", b"result 2\n"), ("10234569", b"")):
            (path := tmp_path / f"x-{job}.out").write_bytes(banner + last)
            os.utime(path, (int(job),) * 2)
            await desk.ship(path)
        assert len(desk.lines()) == 602
        with (tmp_path / "x-10234569.out").open("ab") as file:
            file.write(b"result 3\n")
        await desk.ship(*sorted(tmp_path.glob("*.out")))
        assert desk.lines()[602:] == ["result 3"]
        assert len(set(desk.ids())) == 603

    at_desk(tmp_path, use)


@pytest.mark.parametrize("packer", PACKERS)
def test_a_compressed_copy_adds_nothing_and_one_of_more_adds_the_rest(tmp_path: Path, packer: str) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 3000))
        await desk.ship(path)
        path.unlink()
        (packed := tmp_path / "kept").write_bytes(PACKERS[packer](numbered(0, 4000)))
        report = await desk.ship(packed)
        assert report.files[0].kind == packer
        assert desk.lines() == texts(0, 4000)
        assert (await desk.ship(packed)).files[0].nothing_new
        assert len(desk.peer.events) == 4000

    at_desk(tmp_path, use)


def test_a_copy_is_not_read_again_at_every_run(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 50))
        await desk.ship(path)
        (copy := tmp_path / "copy.gz").write_bytes(gzip.compress(path.read_bytes()))
        for _ in range(3):
            report = await desk.ship(copy)
            assert (report.files[0].already_there, report.files[0].skipped is not None) == (50, True)
        assert len(desk.peer.events) == 50

    at_desk(tmp_path, use)


def test_a_file_in_which_only_the_middle_differs_is_another_one(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        content = numbered(0, 2000)
        (path := tmp_path / "app.log").write_bytes(content)
        await desk.ship(path)
        path.unlink()
        (other := tmp_path / "app.log.1").write_bytes(content.replace(b"line 1000\n", b"line X000\n"))
        await desk.ship(other)
        assert len(set(desk.ids())) == 4000

    at_desk(tmp_path, use)


def test_a_copy_of_a_file_that_was_emptied_under_its_shipper_is_left_to_that_one(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 3))
        await desk.ship(path)
        shipping = Shipping()
        positions = Positions(desk.folder / "positions", shipping.way(desk.peer.url))
        file = LogFile(str(path))
        (kept,) = positions.at_place(file.place)
        (packed := tmp_path / "app.log.1.gz").write_bytes(gzip.compress(numbered(0, 5)))
        os.truncate(path, 0)
        identities = Identities(positions, shipping, desk.peer.url)
        copy = LogFile(str(packed))
        while_held = identities.recognise(copy, str(packed), {kept.file_id: file.descriptor})
        assert (while_held.position, while_held.later) == (None, True)
        found = identities.recognise(copy, str(packed)).position
        assert found is not None
        assert (found.file_id, found.offset) == (kept.file_id, kept.offset)
        file.close()
        copy.close()
        positions.close()

    at_desk(tmp_path, use)


def test_an_inode_that_an_empty_file_had_says_nothing_of_another_name(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (logs := tmp_path / "logs").mkdir()
        (logs / "app.log").write_bytes(b"")
        await desk.ship(logs)
        (logs / "app.log").rename(logs / "other.log")  # as if it were deleted, and its inode given again
        (logs / "other.log").write_bytes(b"of another program\n")
        await desk.ship(logs)
        assert [event["topic"] for event in desk.peer.events] == ["log.other.line"]

    at_desk(tmp_path, use)


def test_a_restart_sends_the_same_bytes_again(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 300) + b"  trace\n\xff\n")
        await desk.ship(path)
        await desk.ship(path, restart=True)
        half = len(desk.peer.events) // 2
        assert desk.peer.events[:half] == desk.peer.events[half:]
        assert len(set(desk.ids())) == half

    at_desk(tmp_path, use)


def test_the_place_alone_gives_the_same_ids_where_positions_were_lost(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(numbered(0, 30))
        await desk.ship(path)
        shutil.rmtree(tmp_path / "positions")
        await desk.ship(path)
        assert desk.ids()[:30] == desk.ids()[30:]

    at_desk(tmp_path, use)


@pytest.mark.parametrize("half", [b"", b"half a line"])
def test_positions_of_an_earlier_version_are_carried_over(tmp_path: Path, half: bytes) -> None:
    async def use(desk: Desk) -> None:
        content = numbered(0, 100)
        (path := tmp_path / "app.log").write_bytes(content + half)
        _keep_like_an_earlier_version(desk, path, content, len(content + half))
        report = await desk.ship(path)
        assert (desk.lines(), report.files[0].resumed_after_line) == ([], 100)
        with path.open("ab") as file:
            file.write((b"\n" if half else b"") + numbered(100, 110))
        await desk.ship(path)
        assert desk.lines() == texts(100, 110)
        await desk.ship(path, restart=True)
        assert len(set(desk.ids())) == 10, "what an earlier version sent has other ids, and is not sent again"

    at_desk(tmp_path, use)


def _keep_like_an_earlier_version(desk: Desk, path: Path, content: bytes, size: int) -> None:
    from hashlib import sha256

    def ends(part: bytes) -> str:
        return sha256(part).hexdigest()

    kept: dict[str, Any] = {
        "path": str(path),
        "device": 0,
        "inode": 0,
        "cursor": {"offset": len(content), "line_number": 100, "chain": "", "times": {}},
        "fingerprint": {
            "head": ends(content[:1024]),
            "head_bytes": 1024,
            "tail": ends(content[-1024:]),
            "tail_bytes": 1024,
        },
        "records": 100,
        "complete_size": size,
    }
    key = [desk.peer.url, os.path.realpath(path), "False", *["None"] * 7]
    assert key == Shipping().earlier_key(desk.peer.url, os.path.realpath(path))
    (folder := desk.folder / "positions").mkdir()
    name = sha256(msgspec.json.encode(key)).hexdigest()[:32]
    (folder / f"{name}.json").write_bytes(msgspec.json.encode(kept))
