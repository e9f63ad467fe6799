"""Files under their names, and the fingerprints that tell whether one is still the same."""

import bz2
import gzip
import lzma
import os
from pathlib import Path

import pytest

from publisher.errors import ShipError
from publisher.ship.files import LogFile, canonical_name, default_topic


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/var/log/app.log", "app.log"),
        ("app.log.1", "app.log"),
        ("app.log.12.gz", "app.log"),
        ("app.log-20251021", "app.log"),
        ("app.log-20251021.gz", "app.log"),
        ("app.log.2025-10-21", "app.log"),
        ("app.log.2025-10-21-13", "app.log"),
        ("app-2025-10-21.log", "app.log"),
        ("app.2025-10-21.3.log", "app.log"),
        ("app.log.old", "app.log"),
        ("syslog", "syslog"),
        ("syslog.1", "syslog"),
        ("app-1.log", "app-1.log"),
        ("node2.log", "node2.log"),
        ("20251021.log", "20251021.log"),
        ("data.csv.xz", "data.csv"),
        (".gz", ".gz"),
        ("-", "stdin"),
        ("a\x1bb.log", "a?b.log"),
    ],
)
def test_rotation_and_compression_do_not_change_the_name(path: str, name: str) -> None:
    assert canonical_name(path) == name


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("Apache.log", "log.apache.line"),
        ("my app (1).LOG", "log.my-app-1.line"),
        ("syslog", "log.syslog.line"),
        ("Ωmega*.txt", "log.mega.line"),
        ("Ω", "log.file.line"),
        ("deliveries.ndjson", "log.deliveries.line"),
    ],
)
def test_the_default_topic_is_lawful(name: str, topic: str) -> None:
    assert default_topic(name) == topic


def test_a_name_that_is_no_text_is_no_error(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.log")
    Path(path).write_bytes(b"x\n")
    file = LogFile(path)
    assert file.name == "\ufffd.log"
    file.close()


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_compressed_files_are_read_and_resumed(tmp_path: Path, suffix: str, pack: object) -> None:
    assert callable(pack)
    content = b"".join(b"line %d\n" % n for n in range(50_000))
    path = tmp_path / f"app.log{suffix}"
    path.write_bytes(pack(content))
    file = LogFile(str(path))
    read = b""
    while data := file.read(65536):
        read += data
    assert read == content
    print_ = file.fingerprint(len(content) - 5)
    file.close()
    again = LogFile(str(path))
    assert again.resume(len(content) - 5, print_)
    assert again.read(100) == content[-5:]
    again.close()


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2"])
def test_a_damaged_file_is_said_by_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"app.log{suffix}"
    path.write_bytes(gzip.compress(b"x" * 100_000)[:-20] if suffix == ".gz" else b"no such thing")
    file = LogFile(str(path))
    with pytest.raises(ShipError, match=rf"app\.log\{suffix}"):
        list(iter(lambda: file.read(65536), b""))
    file.close()


@pytest.mark.parametrize("offset", [1, 700, 1024, 5000])
def test_a_file_that_grew_is_the_same_file(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(os.urandom(offset))
    file = LogFile(str(path))
    file.read(1 << 20)
    print_ = file.fingerprint(offset)
    file.close()
    with path.open("ab") as more:
        more.write(b"more")
    again = LogFile(str(path))
    assert again.resume(offset, print_)
    assert again.read(100) == b"more"
    assert again.fingerprint(offset + 4).head_bytes == min(1024, offset + 4)
    again.close()


@pytest.mark.parametrize("change", ["other head", "other tail", "shorter", "empty"])
def test_a_file_with_other_content_is_not(tmp_path: Path, change: str) -> None:
    path = tmp_path / "app.log"
    content = os.urandom(5000)
    path.write_bytes(content)
    file = LogFile(str(path))
    file.read(1 << 20)
    print_ = file.fingerprint(5000)
    file.close()
    changed = {
        "other head": b"!" + content[1:],
        "other tail": content[:-1] + bytes([content[-1] ^ 1]),
        "shorter": content[:-1],
        "empty": b"",
    }
    path.write_bytes(changed[change])
    again = LogFile(str(path))
    assert not again.resume(5000, print_)
    assert again.read(1 << 20) == changed[change]
    again.close()


@pytest.mark.parametrize("path", ["nowhere.log", "."])
def test_what_cannot_be_opened_is_said_by_name(tmp_path: Path, path: str) -> None:
    with pytest.raises(ShipError, match=r"nowhere\.log: No such file|Is a directory"):
        LogFile(str(tmp_path / path))
