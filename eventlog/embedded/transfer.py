"""A database moved between two servers that run side by side, each by its own programs."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from eventlog.embedded.directory import OWNER, SUPERUSER, Postmaster
from eventlog.embedded.errors import EmbeddedServerError

AS_IT_IS = ("--format=custom", "--compress=0", "--no-toast-compression")
POLL_SECONDS = 0.5
SAID_MAX = 8
# Made in every new cluster, or by us before; and their memberships in each other, which are made anew.
KNOWN = f"(?:{SUPERUSER}|{OWNER}|eventlog_(?:appender|projector|reader|auditor))"
LEFT_OUT = re.compile(rf"^(CREATE ROLE {KNOWN};|GRANT {KNOWN} TO {KNOWN}[ ;].*)$", re.MULTILINE)


def transfer(old: Postmaster, old_bin: Path, new: Postmaster, new_bin: Path, place: Path) -> Iterator[None]:
    """Move roles and the database from one server into the other, in one transaction; yields now and then.

    Raises EmbeddedServerError with the last that the programs said.
    """
    roles = _run([_program(old_bin, "pg_dumpall"), *_at(old), "--roles-only"])
    psql = [_program(new_bin, "psql"), *_at(new), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", OWNER]
    _run(psql, _others(roles))
    dump = [_program(old_bin, "pg_dump"), *_at(old), *AS_IT_IS, OWNER]
    restore = [_program(new_bin, "pg_restore"), *_at(new), "--single-transaction", "--dbname", OWNER]
    with tempfile.TemporaryFile(dir=place) as said:
        yield from _piped(dump, restore, said)


def _piped(dump: list[str], restore: list[str], said: IO[bytes]) -> Iterator[None]:
    environment = _environment()
    with (
        subprocess.Popen(dump, stdout=subprocess.PIPE, stderr=said, env=environment) as dumping,
        subprocess.Popen(
            restore, stdin=dumping.stdout, stdout=said, stderr=said, env=environment
        ) as restoring,
    ):
        assert dumping.stdout is not None
        dumping.stdout.close()  # closed here, else pg_dump would not notice that pg_restore has ended
        try:
            while not _has_ended(restoring):
                yield
        except BaseException:
            dumping.kill()
            restoring.kill()
            raise
    if dumping.returncode or restoring.returncode:
        said.seek(0)
        raise EmbeddedServerError(
            f"the data could not be moved (pg_dump ended with {dumping.returncode}, pg_restore with "
            f"{restoring.returncode}), and the old ones are as they were:\n{_tail(said.read())}"
        )


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _others(roles: bytes) -> bytes:
    """Return the statements of a dump that make roles, without those for roles that exist already."""
    return LEFT_OUT.sub("", roles.decode()).encode()


def _program(bindir: Path, name: str) -> str:
    if not (bindir / name).exists():
        raise EmbeddedServerError(f"{bindir / name} is missing: install PostgreSQL's client programs")
    return str(bindir / name)


def _at(server: Postmaster) -> list[str]:
    where = [f"--host={server.socket_dir}", f"--port={server.port}"]
    return [*where, f"--username={SUPERUSER}", "--no-password"]


def _run(program: list[str], text: bytes = b"") -> bytes:
    done = subprocess.run(program, input=text, capture_output=True, check=False, env=_environment())
    if done.returncode != 0:
        raise EmbeddedServerError(
            f"{Path(program[0]).name} ended with {done.returncode}, and the old data are as they were:\n"
            + _tail(done.stderr)
        )
    return done.stdout


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C"}


def _tail(said: bytes) -> str:
    return "\n".join(said.decode(errors="replace").splitlines()[-SAID_MAX:])
