"""Wall clocks that are wrong and jump, by libfaketime; monotonic clocks go on, as on a real machine."""

from pathlib import Path

from eventlog.embedded import find_binaries
from eventlog.embedded.account import account_for
from eventlog.embedded.binaries import runnable_by

# The one for programs with threads serves the others, too.
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
WHY_NOT = "" if LIBRARY else "libfaketime is not installed (apt install faketime)"
PRELOADED = {
    "LD_PRELOAD": str(LIBRARY),
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "FAKETIME_DISABLE_SHM": "1",
}


class Clock:
    """What processes with this environment take for the time: it can be turned while they run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.environment = PRELOADED | {"FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1"}
        self.turn("+0")

    def turn(self, offset: str) -> None:
        """Set how far it is off the true time, such as `-1d`."""
        new = self._file.with_suffix(".new")
        new.write_text(offset)
        new.rename(self._file)


def postgres_at(offset: str, directory: Path, cluster: Path, bindir: Path | None) -> Path:
    """Make a folder of programs that run over this cluster so far off the true time; return it.

    For the whole life of a server, not by a file: PostgreSQL asks for the time in signal handlers, too.
    """
    real = runnable_by(account_for(cluster), find_binaries(bindir))
    settings = " ".join(f"{name}={value}" for name, value in (PRELOADED | {"FAKETIME": offset}).items())
    directory.mkdir()
    (directory / "initdb").symlink_to(real / "initdb")
    program = directory / "postgres"
    program.write_text(f'#!/bin/sh\n{settings} exec "{real / "postgres"}" "$@"\n')
    program.chmod(0o755)
    return directory
