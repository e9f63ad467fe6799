"""How much a key may use, as it is set and listed. Computes, and asks nobody."""

from collections.abc import Mapping

import msgspec

from eventlog.errors import SettingsError

# What bigint and a JSON number of every language hold.
QUOTA_MAX = 10**15


class Quotas(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may use; None is as much as there is."""

    events_per_second: int | None = None
    bytes_per_second: int | None = None
    events_per_day: int | None = None
    streams: int | None = None
    sql_seconds_per_hour: int | None = None

    def include(self, others: "Quotas") -> bool:
        """Say whether nothing of the others goes beyond these."""
        return all(
            own is None or (other is not None and other <= own)
            for own, other in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(others), strict=True)
        )

    def set(self) -> dict[str, int]:
        """Return those that are set, by name."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


UNLIMITED = Quotas()
NAMES = tuple(field.name for field in msgspec.structs.fields(Quotas))


def quotas_of(row: object) -> Quotas:
    """Return the quotas among the columns of a row."""
    return Quotas(**{name: getattr(row, name) for name in NAMES})


def require_sound(quotas: Quotas) -> None:
    """Raise SettingsError for a quota that cannot be."""
    for name, value in quotas.set().items():
        if not 1 <= value <= QUOTA_MAX:
            raise SettingsError(
                f"{name.replace('_', ' ')}: a quota is a whole number from 1 to {QUOTA_MAX:,}, not {value}; "
                "to refuse everything, suspend the key"
            )


def changed(quotas: Quotas, wanted: Mapping[str, str | None]) -> Quotas:
    """Return quotas with those that are wanted: a number, or `none`; what is None stays as it is.

    Raises SettingsError.
    """
    values = {name: _read(name, text) for name, text in wanted.items() if text is not None}
    found = msgspec.structs.replace(quotas, **values)
    require_sound(found)
    return found


def _read(name: str, text: str) -> int | None:
    if text == "none":
        return None
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"--{name.replace('_', '-')}: {text!r} is neither a whole number nor none")
    return int(text[:20])
