"""The DSNs of logins, one a file: what EVENTLOG_DSN_FILE and EVENTLOG_AUDIT_DSN_FILE name.

A password is made up where a file is missing, and is written nowhere else: not into arguments, the
environment or PostgreSQL's log.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from eventlog.errors import SettingsError
from eventlog.sessions.database import first_line

PASSWORD_BYTES = 24
CONNECT_SECONDS = 10
# What of the owner's address is for the owner alone.
OF_THE_OWNER = ("user", "password", "passfile", "sslcert", "sslkey", "sslpassword", "options")


class DsnFile(msgspec.Struct, frozen=True):
    """A file, and what is in it."""

    path: Path
    login: str
    dsn: str
    is_new: bool

    @property
    def password(self) -> str | None:
        """What the login shows."""
        given = conninfo_to_dict(self.dsn).get("password")
        return None if given is None else str(given)

    def comes_in(self) -> bool:
        """Say whether the server takes the login."""
        return self.reason() is None

    def reason(self) -> str | None:
        """Return why the server does not take the login; None where it does."""
        try:
            psycopg.connect(self.dsn, connect_timeout=CONNECT_SECONDS).close()
        except psycopg.OperationalError as error:
            return first_line(error)
        return None


def dsn_files(folder: Path, owner_dsn: str, logins: Mapping[str, str]) -> list[DsnFile]:
    """Return `<work>_dsn` of a folder for each login by its work; made where it is missing.

    Raises SettingsError where a file cannot be read or made, or is of another login.
    """
    try:
        return [_file(folder / f"{work}_dsn", owner_dsn, login) for work, login in logins.items()]
    except OSError as error:
        raise SettingsError(f"--secrets: cannot use {error.filename}: {error.strerror}") from None


def _file(path: Path, owner_dsn: str, login: str) -> DsnFile:
    is_new = not path.exists()
    if is_new:
        _write(path, _dsn_of(owner_dsn, login))
    text = path.read_text(encoding="utf-8").strip()
    try:
        user = conninfo_to_dict(text).get("user")
    except psycopg.ProgrammingError:
        raise SettingsError(f"{path} holds no connection string") from None
    if user != login:
        raise SettingsError(f"{path} is of {user}, and the login for it is {login}")
    return DsnFile(path, login, text, is_new)


def _dsn_of(owner_dsn: str, login: str) -> str:
    kept: dict[str, Any] = {
        name: value for name, value in conninfo_to_dict(owner_dsn).items() if name not in OF_THE_OWNER
    }
    return make_conninfo(**kept, user=login, password=secrets.token_urlsafe(PASSWORD_BYTES))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
