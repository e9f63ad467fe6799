"""Which stamp stands where in a file, and what else was settled by looking at more than one line."""

import re
from functools import lru_cache

import msgspec

from publisher.ship.times.formats import FORMAT_BY_NAME, PLACE_BY_NAME

CUSTOM = "--time-format"


class Layout(msgspec.Struct, frozen=True):
    """One format at one place."""

    format: str
    place: str
    column: int = 0  # of the words before it, where nothing but their number tells the place
    pattern: str = ""  # of --time-format

    @property
    def name(self) -> str:
        """Name it for people."""
        where = f"word {self.column + 1}" if self.place == "word" else self.place
        return f"{self.format} ({where})" if self.format != CUSTOM else CUSTOM

    @property
    def joins(self) -> bool:
        """Tell whether a line without the stamp goes on with the record before."""
        return self.place in ("word", CUSTOM) or PLACE_BY_NAME[self.place].joins


class TimeFormat(msgspec.Struct, frozen=True):
    """What a file's lines have shown; kept with its position so that a resumed run goes on alike."""

    layouts: tuple[Layout, ...] = ()
    lines: int = 0  # that were looked at
    joins: bool = False  # a line that does not begin like a record goes on with the one before
    order: str = ""  # of day, month and year where they are numbers
    year: int = 0  # of the first line, where none is written
    mysql: bool = False
    quoted: bool = False
    unsettled: str = ""


@lru_cache(maxsize=512)
def compiled(layout: Layout) -> re.Pattern[bytes]:
    """Return what matches a line up to the end of its stamp; the stamp is a group."""
    if layout.format == CUSTOM:
        before, stamp, after = r"[^\n]*?", layout.pattern, ""
    elif layout.place == "word":
        before, stamp, after = rf"(?:\S+[ \t]+){{{layout.column}}}", FORMAT_BY_NAME[layout.format].pattern, ""
    else:
        place = PLACE_BY_NAME[layout.place]
        before, stamp, after = place.pattern, FORMAT_BY_NAME[layout.format].pattern, place.after
    return re.compile(rf"[ ]?(?:{before})(?P<stamp>{stamp}){after}".encode())
