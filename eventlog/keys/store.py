"""Make, change and list keys in the database. A change is committed when the call returns."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from psycopg.rows import class_row, scalar_row

from eventlog.errors import SettingsError
from eventlog.intake.fields import source_flaw, topic_flaw
from eventlog.keys.errors import CertificateTaken, KeyRevoked, KeyUnknown, TooManyKeys, TooManySecrets
from eventlog.keys.form import make_id, make_key
from eventlog.keys.quotas import UNLIMITED, Quotas, quotas_of, require_sound
from eventlog.keys.scopes import Scopes
from eventlog.sessions.database import Connection
from eventlog.statements import statement

KEYS_MAX = 100_000
# Of one key: the one that is used, the one that replaces it, and those of a few machines.
CERTIFICATES_MAX = 20
# Of one key: each rotation adds one for as long as its overlap.
SECRETS_MAX = 10
NAME_CHARACTERS_MAX = 100

State = Literal["active", "suspended", "revoked"]


class Key(msgspec.Struct, frozen=True):
    """A key as it is listed: never its secret. `secrets` counts those that hold, two while it is rotated.

    last_used_at is known within five minutes; None where the key never was used.
    """

    id: str
    name: str
    scopes: list[str]
    source: str | None
    topic_prefix: str | None
    state: Literal["active", "suspended", "revoked", "expired"]
    expires_at: datetime | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    secrets: int
    events_per_second: int | None
    bytes_per_second: int | None
    events_per_day: int | None
    streams: int | None
    sql_seconds_per_hour: int | None
    last_used_at: datetime | None

    @property
    def quotas(self) -> Quotas:
        """How much it may use."""
        return quotas_of(self)


class NewKey(msgspec.Struct, frozen=True):
    """A key that was just made or rotated, with what is shown once."""

    id: str
    name: str
    key: str
    scopes: list[str]
    expires_at: datetime | None


def create(
    connection: Connection,
    name: str,
    scopes: Scopes,
    *,
    source: str | None = None,
    topic_prefix: str | None = None,
    expires_at: datetime | None = None,
    quotas: Quotas = UNLIMITED,
    certificate: bytes | None = None,
    created_by: str,
) -> NewKey:
    """Make a key.

    Args:
        connection: the owner's, in autocommit.
        name: for people; it need not be unique.
        scopes: what it may do.
        source: the only source that its events may have.
        topic_prefix: what the topics of its events must begin with.
        expires_at: from when on it is refused, with a time zone.
        quotas: how much it may use.
        certificate: the fingerprint of a client certificate that is as good as the key.
        created_by: who makes it: a key's id, or `cli`.

    Raises:
        SettingsError: an argument that cannot be.
        TooManyKeys: there is no room for it.
        CertificateTaken: another key has the certificate.
    """
    _require_sound(name, source, topic_prefix, expires_at)
    require_sound(quotas)
    key_id = make_id()
    text, digest = make_key(key_id)
    with connection.transaction():
        made = connection.execute(
            statement("keys/insert"),
            {
                "id": key_id,
                "name": name,
                "scopes": scopes.texts(),
                "source": source,
                "topic_prefix": topic_prefix,
                "expires_at": expires_at,
                "created_by": created_by,
                "keys_max": KEYS_MAX,
                **msgspec.structs.asdict(quotas),
            },
        )
        if not made.rowcount:
            raise TooManyKeys(f"there are {KEYS_MAX:,} keys already, which is as many as there may be")
        connection.execute(statement("keys/insert_secret"), {"id": key_id, "digest": digest})
        if certificate is not None:
            add_certificate(connection, key_id, certificate)
    return NewKey(key_id, name, text, scopes.texts(), expires_at)


def rotate(connection: Connection, key_id: str, overlap: timedelta) -> NewKey:
    """Give a key a new secret; the secrets that hold now hold for the overlap, and no longer.

    Raises KeyUnknown, KeyRevoked, or TooManySecrets where too many of them would hold.
    """
    text, digest = make_key(key_id)
    with connection.transaction():
        key = one(connection, key_id)
        if key.state == "revoked":
            raise KeyRevoked(key_id)
        if key.secrets >= SECRETS_MAX and overlap:
            raise TooManySecrets(key_id, SECRETS_MAX)
        connection.execute(statement("keys/end_secrets"), {"id": key_id, "overlap": overlap})
        connection.execute(statement("keys/insert_secret"), {"id": key_id, "digest": digest})
    return NewKey(key_id, key.name, text, key.scopes, key.expires_at)


def add_certificate(connection: Connection, key_id: str, fingerprint: bytes) -> None:
    """Have a client certificate be as good as a key.

    Raises KeyUnknown, KeyRevoked, or CertificateTaken where another key has it, or this one too many.
    """
    if one(connection, key_id).state == "revoked":
        raise KeyRevoked(key_id)
    values = {"id": key_id, "fingerprint": fingerprint, "certificates_max": CERTIFICATES_MAX}
    cursor = connection.cursor(row_factory=scalar_row)
    holder: str | None = cursor.execute(statement("keys/insert_certificate"), values).fetchone()
    if holder is None:
        raise CertificateTaken(f"key {key_id} has {CERTIFICATES_MAX} certificates already: remove one")
    if holder != key_id:
        raise CertificateTaken(f"this certificate is key {holder}'s: remove it there first")


def remove_certificate(connection: Connection, key_id: str, fingerprint: bytes) -> bool:
    """Have a client certificate be as good as the key no more; say whether it was. Raises KeyUnknown."""
    one(connection, key_id)
    values = {"id": key_id, "fingerprint": fingerprint}
    return connection.execute(statement("keys/delete_certificate"), values).rowcount > 0


def limit(connection: Connection, key_id: str, quotas: Quotas) -> None:
    """Give a key other quotas, in place of all that it had. Raises KeyUnknown, SettingsError."""
    require_sound(quotas)
    values = {"id": key_id, **msgspec.structs.asdict(quotas)}
    if not connection.execute(statement("keys/limit"), values).rowcount:
        raise KeyUnknown(key_id)


def set_state(connection: Connection, key_id: str, state: State) -> bool:
    """Suspend a key, revoke it, or let it be used again; say whether that changed anything.

    Raises KeyUnknown; KeyRevoked where one that is revoked shall be anything else.
    """
    cursor = connection.cursor(row_factory=scalar_row)
    was: str | None = cursor.execute(statement("keys/set_state"), {"id": key_id, "state": state}).fetchone()
    if was is None:
        raise KeyUnknown(key_id)
    if was == "revoked" and state != "revoked":
        raise KeyRevoked(key_id)
    return was != state


def require_any(connection: Connection, host: str) -> None:
    """Raise SettingsError where requests need a key and nobody could have one."""
    if not any(key.state == "active" for key in all_keys(connection)):
        raise SettingsError(
            f"EVENTLOG_AUTH: requests need a key where the API is bound to {host}, and there is none yet. "
            "Make one: eventlog keys create NAME --scope publish --scope read. "
            "Or let everybody in: EVENTLOG_AUTH=open"
        )


def all_keys(connection: Connection) -> list[Key]:
    """Return all keys, the oldest first."""
    return _select(connection, None)


def page(connection: Connection, after: str | None, limit: int) -> list[Key]:
    """Return some keys, the oldest first, after one of them."""
    cursor = connection.cursor(row_factory=class_row(Key))
    return cursor.execute(statement("keys/page"), {"after": after, "limit": limit}).fetchall()


def is_unused(key: Key, since: datetime) -> bool:
    """Say whether a key that could be used was not, since a moment at which it was there."""
    return key.state in ("active", "suspended") and (key.last_used_at or key.created_at) < since


def one(connection: Connection, key_id: str) -> Key:
    """Return a key. Raises KeyUnknown."""
    found = _select(connection, key_id)
    if not found:
        raise KeyUnknown(key_id)
    return found[0]


def _select(connection: Connection, key_id: str | None) -> list[Key]:
    cursor = connection.cursor(row_factory=class_row(Key))
    return cursor.execute(statement("keys/list"), {"id": key_id}).fetchall()


def _require_sound(
    name: str, source: str | None, topic_prefix: str | None, expires_at: datetime | None
) -> None:
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise SettingsError(f"a key's name has 1 to {NAME_CHARACTERS_MAX} characters, all of them printable")
    if source is not None and (flaw := source_flaw(source)):
        raise SettingsError(f"--source: a source {flaw}")
    if topic_prefix is not None and (flaw := topic_flaw(f"{topic_prefix}x")):
        raise SettingsError(f"--topic-prefix: a topic {flaw}")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise SettingsError("a key that is expired when it is made is of no use: let it expire later")
