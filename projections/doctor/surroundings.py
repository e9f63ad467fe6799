"""What lies around the database: Python, disk, clock, and the API."""

import os
import shutil
import ssl
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import msgspec
from psycopg.rows import class_row

from eventlog.embedded.errors import EmbeddedServerError
from eventlog.errors import SettingsError
from eventlog.sessions.database import Connection
from eventlog.settings import Settings
from eventlog.statements import statement
from eventlog.tls.access import access_of, explained
from eventlog.tls.server_certificate import RENEW, files_of, load, told_of_end
from projections.doctor.finding import Finding, failed, ok, warning

PYTHON_MIN = (3, 11)
GIB = 1 << 30
DISK_WARNING_BYTES = 2 * GIB
DISK_FAILED_BYTES = GIB // 4
CLOCK_SECONDS_MAX = 2.0
API_TIMEOUT_SECONDS = 3.0


class Clocks(msgspec.Struct, frozen=True):
    """The database's time, and when the log last received something."""

    now: datetime
    newest: datetime | None


def check_python() -> Finding:
    """Say whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_MIN:
        return failed("Python", f"{version}: too old", "install eventlog with Python 3.11 or newer")
    return ok("Python", version)


def check_data_directory(data_dir: Path) -> Finding:
    """Say whether the embedded database's files belong to the right user and to nobody else."""
    from eventlog.embedded.account import OWN, account_for
    from eventlog.embedded.directory import DataDirectory
    from eventlog.embedded.ownership import fault

    directory = DataDirectory(data_dir)
    try:
        account = account_for(directory.cluster)
        wrong = fault(directory, account) if directory.cluster.exists() else None
    except (EmbeddedServerError, OSError) as error:
        return failed("data directory", f"{directory.path}: {error}", "run this as the user of the service")
    if wrong is not None:
        return failed("data directory", *wrong)
    if account.is_shared:
        return warning(
            "data directory",
            f"PostgreSQL runs as {account.name}, as other services may: they could read and change the data",
            f"stop the service; useradd --system {OWN}; chown -R {OWN} {quote(str(directory.cluster))}; "
            "start it again",
        )
    return ok("data directory", f"{directory.path}, of user {account.name}")


def check_certificate(settings: Settings) -> list[Finding]:
    """Say whether the service's certificate and key would be taken now, and for how long they hold."""
    try:
        files = files_of(settings)
        if files is None:
            return []
        loaded = load(files)
    except SettingsError as error:
        return [failed("certificate", str(error), "until then a running service goes on with the one before")]
    found = told_of_end(loaded)
    if found is not None:
        return [(failed if loaded.seconds_left <= 0 else warning)("certificate", found, RENEW)]
    return [ok("certificate", f"holds until {loaded.ends_at:%Y-%m-%d %H:%M} UTC")]


def check_disk(data_dir: Path) -> Finding:
    """Say how much room is left where the embedded database lives."""
    if os.statvfs(data_dir).f_flag & os.ST_RDONLY:
        found = f"the file system of {data_dir} is mounted for reading only"
        return failed("disk", found, "look for errors of the disk in the kernel's log; mount it for writing")
    usage = shutil.disk_usage(data_dir)
    found = f"{usage.free / GIB:,.1f} GiB of {usage.total / GIB:,.1f} GiB free"
    mend = f"free some, or move {data_dir} to a larger disk and set EVENTLOG_DATA_DIR"
    if usage.free < DISK_FAILED_BYTES:
        return failed("disk", found, mend)
    if usage.free < DISK_WARNING_BYTES:
        return warning("disk", found, mend)
    return ok("disk", found)


def check_clock(connection: Connection, *, schema: bool) -> Finding:
    """Compare our clock with the database's, and that with the newest delivery."""
    name = "doctor/clocks" if schema else "doctor/clock"
    clocks = connection.cursor(row_factory=class_row(Clocks)).execute(statement(name)).fetchone()
    assert clocks is not None
    difference = (datetime.now(UTC) - clocks.now).total_seconds()
    mend = "synchronise the clocks of both machines (NTP)"
    if abs(difference) > CLOCK_SECONDS_MAX:
        return warning("clock", f"ours is {difference:+.1f} s off the database's", mend)
    ahead = 0.0 if clocks.newest is None else (clocks.newest - clocks.now).total_seconds()
    if ahead > CLOCK_SECONDS_MAX:
        return warning("clock", f"the newest delivery is {ahead:.0f} s in the database's future", mend)
    return ok("clock", f"ours and the database's differ by {abs(difference):.1f} s")


def check_api(settings: Settings) -> Finding:
    """Ask the API how it is. It may well be off, so that is no failure."""
    health = f"{settings.url.rstrip('/')}/health"
    try:
        trust = urllib.request.HTTPSHandler(context=access_of(settings).trust())
        # Not through a proxy: the API is on this machine, or within reach.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)
        with opener.open(health, timeout=API_TIMEOUT_SECONDS) as answer:
            return ok("API", f"{health} answers {answer.status}")
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(500).decode(errors="replace").strip()
        return warning("API", f"{health} answers {error.code}: {said}", "see the API's log")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        reason = explained(reason) if isinstance(reason, ssl.SSLError) else reason
        mend = "start `eventlog up`, or set EVENTLOG_URL to where it listens"
        return warning("API", f"no answer from {health}: {reason}", mend)
