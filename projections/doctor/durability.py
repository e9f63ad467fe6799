"""The server's settings that decide whether an acknowledged delivery survives: checked, and refused.

Four of them make PostgreSQL lose or invent data without an error. With one of those the service does
not start; the others are reported by `eventlog doctor`.
"""

from collections.abc import Iterator

import msgspec
from psycopg.rows import class_row

from eventlog.errors import SettingsError
from eventlog.schema.migrate import POSTGRES_MIN
from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.doctor.finding import Finding, Status, failed, ok, warning

# The newest minor release of each major version when this was written: what is older lacks fixes
# of crashes, corruption and security holes. https://www.postgresql.org/support/versioning/
MINOR_FLOORS = {15: 19, 16: 15, 17: 11, 18: 6}

RELOAD = "as a superuser: ALTER SYSTEM SET {name} = {good}; SELECT pg_reload_conf();"
RESTART = "as a superuser: ALTER SYSTEM SET {name} = {good}; then restart PostgreSQL"


class Rule(msgspec.Struct, frozen=True):
    """A setting: its good values (the first is the one to set), and what any other would mean."""

    name: str
    good: tuple[str, ...]
    otherwise: Status
    danger: str
    mend: str = RELOAD
    refused: bool = False

    def judge(self, value: str | None) -> Finding:
        """Return a finding on this value of a setting; None for one that this server does not have."""
        if value is None or value in self.good:
            return ok(self.name, value or "not known to this version")
        mend = self.mend.format(name=self.name, good=self.good[0])
        return Finding(self.name, self.otherwise, f"{value}: {self.danger}", mend)


RULES = (
    Rule("fsync", ("on",), "failed", "a power cut can destroy the database", refused=True),
    Rule("full_page_writes", ("on",), "failed", "a power cut can tear pages apart", refused=True),
    Rule("zero_damaged_pages", ("off",), "failed", "damaged pages are silently emptied", refused=True),
    Rule("ignore_checksum_failure", ("off",), "failed", "damaged pages are silently read", refused=True),
    Rule(
        "synchronous_commit",
        ("on", "remote_apply"),
        "warning",
        "the default of other sessions; our append turns `off` and `local` into `on` for itself, and "
        "`remote_write` trusts the standby's memory",
    ),
    Rule(
        "data_sync_retry",
        ("off",),
        "failed",
        "after a failed fsync the server goes on as if nothing were lost",
        RESTART,
    ),
    Rule(
        "data_checksums",
        ("on",),
        "warning",
        "a disk's silent damage goes unnoticed",
        "stop PostgreSQL, run pg_checksums --enable, start it",
    ),
    Rule(
        "server_encoding",
        ("UTF8",),
        "failed",
        "it cannot hold every event",
        "create the database with ENCODING 'UTF8' TEMPLATE template0",
    ),
    Rule(
        "wal_level",
        ("replica", "logical"),
        "warning",
        "no backup of the running server and no standby is possible",
        RESTART,
    ),
)


class ServerSetting(msgspec.Struct, frozen=True):
    """One row of pg_settings."""

    name: str
    setting: str


def check_settings(connection: Connection) -> Iterator[Finding]:
    """Judge every setting that durability rests on."""
    values = _read(connection, RULES)
    for rule in RULES:
        yield rule.judge(values.get(rule.name))


def check_version(connection: Connection) -> Finding:
    """Judge the server's version: new enough, with the fixes of its latest minor release."""
    number, text = connection.info.server_version, connection.info.parameter_status("server_version")
    major, minor = divmod(number, 10_000)
    if number < POSTGRES_MIN:
        return failed("PostgreSQL version", f"{text}: too old", "upgrade to 15 or newer")
    floor = MINOR_FLOORS.get(major)
    if floor is not None and minor < floor:
        return warning(
            "PostgreSQL version",
            f"{text}: {major}.{floor} has fixes that it lacks",
            f"install {major}.{floor} or newer; a minor update keeps the data as they are",
        )
    return ok("PostgreSQL version", str(text))


def refuse_unsafe_settings(connection: Connection, *, allowed: bool = False) -> None:
    """Raise SettingsError where PostgreSQL is set to lose or invent data without an error.

    Args:
        connection: to the database.
        allowed: somebody said that this database may be lost, as a test's may.
    """
    if allowed:
        return
    refused = [rule for rule in RULES if rule.refused]
    values = _read(connection, refused)
    for rule in refused:
        finding = rule.judge(values.get(rule.name))
        if finding.status != "ok":
            raise SettingsError(f"PostgreSQL's setting {rule.name} is {finding.found}; {finding.mend}")


def _read(connection: Connection, rules: tuple[Rule, ...] | list[Rule]) -> dict[str, str]:
    rows = connection.cursor(row_factory=class_row(ServerSetting)).execute(
        statement("doctor/settings"), {"names": [rule.name for rule in rules]}
    )
    return {row.name: row.setting for row in rows}
