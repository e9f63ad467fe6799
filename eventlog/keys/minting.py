"""What a key may do with others: make and change those that may nothing that it may not. Computes."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from eventlog.keys.errors import BeyondMinter
from eventlog.keys.quotas import Quotas
from eventlog.keys.scopes import read_scopes
from eventlog.keys.store import Key


class KeyWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a key is to be."""

    name: str
    scopes: list[str]
    source: str | None = None
    topic_prefix: str | None = None
    expires_at: datetime | None = None
    quotas: Quotas = Quotas()


def granted(minter: Key, wish: KeyWish) -> KeyWish:
    """Return what is wished, and where it says nothing, what holds for who makes it.

    Raises SettingsError for scopes that are none, and BeyondMinter.
    """
    quotas = {**minter.quotas.set(), **wish.quotas.set()}
    filled = KeyWish(
        name=wish.name,
        scopes=read_scopes(wish.scopes).texts(),
        source=wish.source or minter.source,
        topic_prefix=wish.topic_prefix or minter.topic_prefix,
        expires_at=wish.expires_at or minter.expires_at,
        quotas=Quotas(**quotas),
    )
    for reason in _beyond(minter, filled):
        raise BeyondMinter(reason)
    return filled


def may_change(minter: Key, key: Key) -> bool:
    """Say whether a key may nothing that who wants to see or change it may not."""
    wish = KeyWish(
        name=key.name,
        scopes=key.scopes,
        source=key.source,
        topic_prefix=key.topic_prefix,
        expires_at=key.expires_at,
        quotas=key.quotas,
    )
    return key.id == minter.id or not any(_beyond(minter, wish))


def _beyond(minter: Key, wish: KeyWish) -> Iterator[str]:
    """Yield how a wish goes beyond who makes it."""
    own = read_scopes(minter.scopes)
    for scope in read_scopes(wish.scopes).scopes:
        if not own.cover(scope.verb, scope.pattern):
            yield f"scope {scope} is none of yours"
    if minter.source is not None and wish.source != minter.source:
        yield f"your events are of source {minter.source}, and so are those of a key that you make"
    if minter.topic_prefix is not None and not (wish.topic_prefix or "").startswith(minter.topic_prefix):
        yield f"your topics begin with {minter.topic_prefix}, and so do those of a key that you make"
    if minter.expires_at is not None and (wish.expires_at is None or wish.expires_at > minter.expires_at):
        yield f"your key ends {minter.expires_at:%Y-%m-%d %H:%M}, and so does a key that you make"
    if not minter.quotas.include(wish.quotas):
        yield "a quota is larger than yours"
