"""What is inside a file, by its bytes; what may be opened; what is passed over and what is refused."""

import gzip
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.errors import ShipError
from publisher.ship.content import Rewritten
from publisher.ship.files import LogFile
from tests.publisher.desk import Desk, at_desk, numbered, texts
from tests.publisher.test_identity import PACKERS


def read_all(path: Path) -> bytes:
    file = LogFile(str(path))
    content = b""
    while data := file.read()[1]:
        content += data
    file.close()
    return content


@pytest.mark.parametrize("packer", PACKERS)
def test_what_is_compressed_is_read_whatever_it_is_called(tmp_path: Path, packer: str) -> None:
    content = b"".join(b"line %d\n" % n for n in range(100_000))
    (path := tmp_path / "app.log").write_bytes(PACKERS[packer](content))
    assert read_all(path) == content
    file = LogFile(str(path))
    while file.offset < 300_000:
        file.read()
    offset, known = 300_000 - 5, file.fingerprint()
    file.close()
    again = LogFile(str(path))
    assert again.resume(offset, known)
    assert again.read()[1].startswith(content[offset : offset + 100])
    again.close()


@pytest.mark.parametrize("packer", ["gzip", "xz", "bzip2", "zstd"])
def test_what_is_cut_off_is_shipped_as_far_as_it_goes_and_named(tmp_path: Path, packer: str) -> None:
    async def use(desk: Desk) -> None:
        content = b"".join(os.urandom(20).hex().encode() + b"\n" for _ in range(20_000))
        (path := tmp_path / "app.log").write_bytes(PACKERS[packer](content)[:-500])
        report = await desk.ship(path)
        assert "too early or is damaged" in (report.files[0].failure or "")

    at_desk(tmp_path, use)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-16-le", True),
        ("utf-16-be", True),
        ("utf-16-le", False),
        ("utf-16-be", False),
        ("utf-32-le", True),
        ("utf-32-be", False),
    ],
)
def test_wide_characters_are_decoded(tmp_path: Path, encoding: str, mark: bool) -> None:
    async def use(desk: Desk) -> None:
        lines = [f"2025-10-21 10:00:00 line {n} grün 10 €" for n in range(100)]
        text = ("\ufeff" if mark else "") + "\r\n".join(lines) + "\r\n"
        (path := tmp_path / "app.log").write_bytes(text.encode(encoding))
        await desk.ship(path)
        with path.open("ab") as file:
            file.write("one more\r\n".encode(encoding))
        await desk.ship(path)
        assert "\n".join(desk.lines()) == "\n".join([*lines, "one more"])

    at_desk(tmp_path, use)


WTMP = b"".join(
    n.to_bytes(4, "little") + b"tty%d" % n + b"\0" * 60 + b"root" + b"\0" * 28 + os.urandom(12) + b"\0" * 270
    for n in range(7)
)


@pytest.mark.parametrize(
    "content", [os.urandom(5000), WTMP, b"\x7fELF\x02\x01\x01" + b"\0\x03\x02\x05" * 100]
)
def test_what_is_no_text_is_refused_and_the_others_get_through(tmp_path: Path, content: bytes) -> None:
    async def use(desk: Desk) -> None:
        (bad := tmp_path / "wtmp.log").write_bytes(content)
        (good := tmp_path / "app.log").write_bytes(numbered(0, 3))
        report = await desk.ship(bad, good)
        assert desk.lines() == texts(0, 3)
        assert not report.complete
        assert "no text" in (report.files[0].failure or "")

    at_desk(tmp_path, use)


@pytest.mark.parametrize(
    "text", ["grün 10 €".encode("latin-1", "replace"), "日本".encode("shift-jis"), b"\x1b[31mred\x1b[0m"]
)
def test_text_in_another_encoding_is_text(tmp_path: Path, text: bytes) -> None:
    (path := tmp_path / "app.log").write_bytes((text + b" and more\n") * 50)
    assert read_all(path) == path.read_bytes()


def test_a_hole_that_truncation_left_is_passed_over(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        path = tmp_path / "app.log"
        with path.open("wb") as file:
            file.seek(50_000_000_000)
            file.write(numbered(0, 3))
            file.seek(1_000_000, os.SEEK_CUR)
            file.write(numbered(3, 5))
        report = await desk.ship(path)
        assert desk.lines() == texts(0, 5)
        assert report.files[0].hole_bytes > 50_000_000_000
        assert (await desk.ship(path)).files[0].nothing_new

    at_desk(tmp_path, use)


@pytest.mark.parametrize("room", [10, 100_000])
def test_room_that_is_reserved_is_read_when_it_is_written(tmp_path: Path, room: int) -> None:
    async def use(desk: Desk) -> None:
        path = tmp_path / "app.log"
        path.write_bytes(numbered(0, 3) + b"half" + b"\0" * room)
        await desk.ship(path)
        with path.open("r+b") as file:
            file.seek(len(numbered(0, 3) + b"half"))
            file.write(b" a line\n" + numbered(3, 5))
        await desk.ship(path)
        assert desk.lines()[:2] == texts(0, 2)
        assert desk.lines()[2:] == [texts(2, 3)[0] + "\nhalf a line", *texts(3, 5)] or desk.lines()[2:] == [
            texts(2, 3)[0],
            "half a line",
            *texts(3, 5),
        ]

    at_desk(tmp_path, use)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def _device(path: Path) -> None:
    if os.getuid():
        pytest.skip("needs root")
    os.mknod(path, 0o20600, os.makedev(1, 3))


@pytest.mark.parametrize(("make", "kind"), [(_pipe, "named pipe"), (_socket, "socket"), (_device, "device")])
def test_what_is_no_regular_file_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], None], kind: str
) -> None:
    make(path := tmp_path / "x")
    with pytest.raises(ShipError, match=kind):
        LogFile(str(path))


def test_a_link_is_refused_unless_links_are_wanted(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (tmp_path / "secret").write_bytes(numbered(0, 2))
        (link := tmp_path / "[red]app.log").symlink_to(tmp_path / "secret")
        report = await desk.ship(link)
        assert "--links" in (report.files[0].failure or "")
        assert not desk.lines()
        await desk.ship(link, links=True)
        assert desk.lines() == texts(0, 2)

    at_desk(tmp_path, use)


def test_a_name_that_is_no_text_is_shipped(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[0m.log")
        Path(path).write_bytes(numbered(0, 2))
        report = await desk.ship(path)
        assert desk.lines() == texts(0, 2)
        assert "\\xff\\x1b" in report.files[0].path
        assert report.as_json()

    at_desk(tmp_path, use)


def test_content_that_is_replaced_while_it_is_read_does_not_go_unseen(tmp_path: Path) -> None:
    (path := tmp_path / "app.log").write_bytes(numbered(0, 100))
    file = LogFile(str(path))
    file.read()
    path.write_bytes(numbered(200, 400))
    with pytest.raises(Rewritten):
        file.read()
    file.close()


@pytest.mark.parametrize("change", ["other head", "other tail", "shorter", "empty"])
def test_a_file_with_other_content_is_another_one(tmp_path: Path, change: str) -> None:
    path = tmp_path / "app.log"
    content = numbered(0, 200)
    path.write_bytes(content)
    file = LogFile(str(path))
    file.read()
    known = file.fingerprint()
    file.close()
    changed = {
        "other head": b"!" + content[1:],
        "other tail": content[:-2] + b"X\n",
        "shorter": content[:-1],
        "empty": b"",
    }
    path.write_bytes(changed[change])
    again = LogFile(str(path))
    assert not again.resume(known.length, known)
    assert again.read()[1] == changed[change]
    again.close()


@pytest.mark.parametrize("path", ["nowhere.log", "."])
def test_what_cannot_be_opened_is_said_by_name(tmp_path: Path, path: str) -> None:
    with pytest.raises(ShipError, match=r"nowhere\.log: No such file|a folder"):
        LogFile(str(tmp_path / path))


def test_an_archive_in_the_middle_of_compression_grows_with_it(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        whole = gzip.compress(b"".join(os.urandom(20).hex().encode() + b"\n" for _ in range(50_000)))
        (path := tmp_path / "app.log.1.gz").write_bytes(whole[: len(whole) // 2])
        assert not (await desk.ship(path)).complete
        path.write_bytes(whole)
        assert (await desk.ship(path)).complete
        assert "\n".join(desk.lines()) + "\n" == gzip.decompress(whole).decode()
        assert len(set(desk.ids())) == 50_000

    at_desk(tmp_path, use)


def test_a_compressed_file_keeps_its_fingerprint_when_it_is_resumed(tmp_path: Path) -> None:
    (path := tmp_path / "app.log.gz").write_bytes(gzip.compress(numbered(0, 100)))
    file = LogFile(str(path))
    file.read()
    known = file.fingerprint()
    file.close()
    again = LogFile(str(path))
    assert again.resume(known.length, known)
    assert again.fingerprint() == known
    again.close()
