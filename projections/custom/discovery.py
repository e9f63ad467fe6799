"""Find projections of one's own: by the setting, or because an installed package brings some.

A projection is a folder with projection.py, a few lines that name it, and its SQL. The setting lists
folders, or the names of modules that are such folders; a package lists its modules under the entry
point group `eventlog.projections`.
"""

import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from psycopg.sql import SQL

from eventlog.errors import SettingsError
from projections.projection import PROJECTIONS, Projection

GROUP = "eventlog.projections"
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
# How no name begins: schemas are named after projections.
RESERVED = ("pg_", "eventlog")


class Discovered(msgspec.Struct, frozen=True):
    """Ours and those that were found; and what was found but cannot be used, a line each."""

    projections: tuple[Projection, ...]
    faults: tuple[str, ...]


def discover(setting: str) -> Discovered:
    """Return all projections that this process plays.

    What the setting names and is not there is refused with SettingsError. What is there and broken is
    a fault: it must not keep the others from being played.
    """
    found: dict[str, Projection] = {projection.name: projection for projection in PROJECTIONS}
    faults: list[str] = []
    for place, folder in [*_of_setting(setting), *_of_packages(faults)]:
        try:
            projection = load(folder)
            if projection.name in found:
                raise ValueError(f"there is another projection {projection.name}")
        except Exception as error:
            faults.append(f"projection {place} cannot be used: {_say(error)}")
        else:
            found[projection.name] = projection
    return Discovered(tuple(found.values()), tuple(faults))


def load(folder: Path) -> Projection:
    """Load the projection in a folder. Raises whatever is wrong with it."""
    file = folder / "projection.py"
    defined = _execute(file)
    projection = Projection(
        name=_name(defined, folder),
        folder=folder,
        topics=_topics(defined),
        each=_each(defined),
        apply=getattr(defined, "apply", None),
        updates=True,
        code=file.read_bytes(),
    )
    _check(projection)
    return projection


def _of_setting(setting: str) -> Iterator[tuple[str, Path]]:
    for place in re.split(f"[,{re.escape(os.pathsep)}]", setting):
        place = place.strip()
        if place:
            folder = _folder(place)
            if folder is None:
                raise SettingsError(
                    f"EVENTLOG_PROJECTIONS: {place!r} is neither a folder with a projection.py "
                    "nor the name of a module that is one"
                )
            yield place, folder


def _of_packages(faults: list[str]) -> Iterator[tuple[str, Path]]:
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        folder = _folder_of_module(entry.value)
        if folder is None:
            faults.append(f"projection {entry.name} cannot be used: there is no module {entry.value}")
        else:
            yield entry.name, folder


def _folder(place: str) -> Path | None:
    folder = Path(place).expanduser().resolve()
    if (folder / "projection.py").is_file():
        return folder
    return _folder_of_module(place) if re.fullmatch(r"\w+(\.\w+)*", place) else None


def _folder_of_module(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    for location in (spec and spec.submodule_search_locations) or ():
        if (Path(location) / "projection.py").is_file():
            return Path(location)
    return None


def _execute(file: Path) -> ModuleType:
    name = f"eventlog_projection_{file.parent.name}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickle look their module up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise RuntimeError("projection.py calls sys.exit()") from error
    return module


def _name(defined: ModuleType, folder: Path) -> str:
    name = getattr(defined, "name", folder.name)
    if not (isinstance(name, str) and NAME.fullmatch(name)) or name.startswith(RESERVED):
        raise ValueError(
            f"its name {name!r} is not lower-case letters, digits and _, at most 41, beginning with a letter"
            f" and not with {' or '.join(RESERVED)}"
        )
    return name


def _topics(defined: ModuleType) -> tuple[str, ...]:
    topics: Any = getattr(defined, "topics", ())
    if isinstance(topics, str) or not all(isinstance(topic, str) for topic in topics):
        raise ValueError("topics is a list of topics, such as ['order.placed', 'invoice.*']")
    for topic in topics:
        if "*" in topic[:-1]:
            raise ValueError(f"topic {topic!r} has a * before its end")
    return tuple(topics)


def _each(defined: ModuleType) -> Any:
    each = getattr(defined, "each", "event")
    if each not in ("event", "delivery"):
        raise ValueError(f"each is 'event' or 'delivery', not {each!r}")
    return each


def _check(projection: Projection) -> None:
    files: Sequence[str] = ("tables.sql",) if projection.apply else ("tables.sql", "step.sql")
    for file in files:
        if not (projection.folder / file).is_file():
            raise ValueError(f"{file} is missing")
    if projection.apply is not None and (projection.folder / "step.sql").exists():
        raise ValueError("step.sql and apply() are two steps: remove one")
    if projection.apply is not None and not callable(projection.apply):
        raise ValueError("apply is no function")
    if (projection.folder / "undo.sql").exists() and (projection.folder / "quarantine.sql").exists():
        raise ValueError("undo.sql cannot take back what quarantine.sql has counted: remove one")
    for path in sorted(projection.folder.glob("*.sql")):
        try:
            SQL(path.read_text(encoding="utf-8")).format(schema=SQL(""), batch=SQL(""))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"{path.name}: {error}; between braces stand schema and batch only, other braces are doubled"
            ) from None


def _say(error: Exception) -> str:
    return f"{error}" if type(error) is ValueError else f"{type(error).__name__}: {error}"
