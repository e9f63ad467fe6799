"""The writer and the rotation of its files."""

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import lz4.frame
from backports import zstd

from tests.publisher.rotations import schedule
from tests.publisher.rotations.schedule import Schedule, Step
from tests.support.waiting import until

Pack = Callable[[bytes], bytes]
PACK: dict[str, Pack] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
    ".lz4": lz4.frame.compress,
}
UNPACK: dict[str, Pack] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": zstd.decompress,
    ".lz4": lz4.frame.decompress,
}
HALF = 15
PROGRAM = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin")


class Writer:
    """One name that is written to, the files that were there before, and what was written to each."""

    def __init__(self, plan: Schedule, folder: Path) -> None:
        self._schedule = plan
        self._folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.path = self.logs / "app.log"
        self.lines: list[str] = []
        self.file_of: dict[str, int] = {}  # which of all the files a line was written to, counted from 0
        self.file = self._files = 0
        self._begun = ""
        self._rotations = 0
        if plan.writer == "link":
            self._point_at_next()
        self._open = self.path.open("ab", buffering=0)

    def do(self, step: Step) -> None:
        """Play a step, and have the clock of the file system go on: no two steps at the same time."""
        getattr(self, step.act)(step)
        now = self._now()
        until(lambda: self._now() > now)

    def _now(self) -> int:
        """Return the time that the file system gives to what is written now."""
        (clock := self._folder / "clock").write_bytes(b"")
        return clock.stat().st_mtime_ns

    def close(self) -> None:
        """Write to its end what is half written."""
        self._end_line()
        self._open.close()

    def files(self) -> list[Path]:
        """Return every file there is, the one that is written to last."""
        found = sorted(path for path in self.logs.rglob("*") if path.is_file() and not path.is_symlink())
        current = self.path.resolve()
        return sorted(found, key=lambda path: path == current)

    def lines_in(self, path: Path) -> list[str]:
        """Return the lines of a file, packed or not."""
        content = path.read_bytes()
        unpack = UNPACK.get(path.suffix)
        return (unpack(content) if unpack else content).decode().splitlines()

    # Writing.

    def write(self, step: Step) -> None:
        self._end_line()
        for _ in range(step.number):
            self._line("line")

    def half(self, _: Step) -> None:
        """Write half a line; what is done next to the file is done to it so."""
        self._end_line()
        self._begun = self._text("halves")
        self._open.write(self._begun[:HALF].encode())

    def late(self, step: Step) -> None:
        """Write to the file that was renamed last, as whoever still has it open."""
        plain = [path for path in self._old() if path.suffix not in UNPACK]
        if plain and (there := max(plain, key=lambda path: path.stat().st_mtime_ns)) and self._begun == "":
            lines = self.lines_in(there)
            file = self.file_of[lines[-1]] if lines else self._another_file()
            with there.open("ab", buffering=0) as opened:
                for _ in range(step.number):
                    opened.write((text := self._text("late")).encode() + b"\n")
                    self._note(text, file)

    # Rotation.

    def rename(self, _: Step) -> None:
        self.path.rename(self._name())
        self._reopen()

    def rename_late(self, step: Step) -> None:
        self.path.rename(self._name())
        self._end_line()
        for _ in range(step.number):
            self._line("late")
        self._reopen()

    def copy_truncate(self, _: Step) -> None:
        self._end_line()
        shutil.copyfile(self.path, self._name())
        self._truncate()

    def copy_pack_truncate(self, step: Step) -> None:
        self._end_line()
        self._name(step.choice).write_bytes(PACK[step.choice](self.path.read_bytes()))
        self._truncate()

    def rename_pack(self, step: Step) -> None:
        self._end_line()
        self.path.rename(there := self._name())
        self._reopen()
        self._pack(there, step.choice)

    def move(self, _: Step) -> None:
        (self.logs / "old").mkdir(exist_ok=True)
        self._rotations += 1
        self.path.rename(self.logs / "old" / f"app.log.{self._rotations}")
        self._reopen()

    def move_pack(self, step: Step) -> None:
        self._end_line()
        self.move(step)
        self._pack(self.logs / "old" / f"app.log.{self._rotations}", step.choice)

    def pack_old(self, step: Step) -> None:
        plain = [path for path in self._old() if path.suffix not in UNPACK]
        if plain:
            self._pack(plain[step.number % len(plain)], step.choice)

    def move_old(self, step: Step) -> None:
        old = [path for path in self._old() if path.parent == self.logs]
        if old:
            (self.logs / "old").mkdir(exist_ok=True)
            self._rotations += 1
            one = old[step.number % len(old)]
            packed = one.suffix if one.suffix in UNPACK else ""
            one.rename(self.logs / "old" / f"app.log.{self._rotations}{packed}")

    def turn_link(self, _: Step) -> None:
        self._end_line()
        self._open.close()
        self._point_at_next()
        self._reopen()

    def run_logrotate(self, _: Step) -> None:
        assert PROGRAM is not None, "no logrotate here"
        self._end_line()
        (self.logs / "old").mkdir(exist_ok=True)
        config = self._folder / "logrotate.conf"
        configured = f"rotate 50\n size 1\n missingok\n {self._schedule.logrotate}"
        config.write_text(f'"{self.path}" {{\n {configured}\n}}\n')
        config.chmod(0o644)
        state = str(self._folder / "logrotate.state")
        subprocess.run([PROGRAM, "-f", "-s", state, str(config)], check=False, capture_output=True)
        if self.path.exists() and self.path.stat().st_ino == os.fstat(self._open.fileno()).st_ino:
            self.file += self.path.stat().st_size == 0
        else:
            self._reopen()

    def delete(self, path: Path) -> None:
        path.unlink()
        if path == self.path.resolve():
            self._begun = ""
            self._reopen()

    def _old(self) -> list[Path]:
        return [path for path in self.files() if path != self.path.resolve()]

    def _name(self, packed: str = "") -> Path:
        """Return what the file is to be called by now; moves the earlier ones out of the way."""
        self._rotations += 1
        match self._schedule.names:
            case schedule.DATED:
                return self.logs / f"app.log-20251021-{self._rotations:06d}{packed}"
            case schedule.BETWEEN:
                return self.logs / f"app-20251021-{self._rotations:06d}.log{packed}"
        for number in range(60, 0, -1):
            for old in self.logs.glob(f"app.log.{number}*"):
                suffix = old.name.removeprefix(f"app.log.{number}")
                if suffix in ("", *UNPACK):
                    old.rename(self.logs / f"app.log.{number + 1}{suffix}")
        return self.logs / f"app.log.1{packed}"

    def _pack(self, path: Path, suffix: str) -> None:
        status = path.stat()
        (packed := Path(f"{path}{suffix}")).write_bytes(PACK[suffix](path.read_bytes()))
        os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
        path.unlink()

    def _truncate(self) -> None:
        os.truncate(self.path, 0)
        self._new_file()

    def _reopen(self) -> None:
        self._end_line()
        self._open.close()
        self._new_file()
        self._open = self.path.open("ab", buffering=0)

    def _point_at_next(self) -> None:
        self._rotations += 1
        (target := self.logs / f"app-20251021-{self._rotations:06d}.log").touch()
        (link := self.logs / "link").symlink_to(target.name)
        link.rename(self.path)

    def _new_file(self) -> None:
        """Count the file that the writer opens, or has emptied."""
        self.file = self._another_file()

    def _another_file(self) -> int:
        self._files += 1
        return self._files

    def _end_line(self) -> None:
        if self._begun:
            self._open.write(self._begun[HALF:].encode() + b"\n")
            self._note(self._begun, self.file)
            self._begun = ""

    def _line(self, word: str) -> None:
        text = self._text(word)
        self._open.write(text.encode() + b"\n")
        self._note(text, self.file)

    def _text(self, word: str) -> str:
        number = len(self.lines)
        stamp = f"2025-10-21 10:{number // 60 % 60:02d}:{number % 60:02d} " if self._schedule.stamped else ""
        return f"{stamp}{word} number {number}"

    def _note(self, text: str, file: int) -> None:
        self.lines.append(text)
        self.file_of[text] = file
