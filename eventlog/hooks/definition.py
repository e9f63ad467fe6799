"""The webhooks that are taken in: a file in TOML, read again when it has changed.

    [shop-code]                       # POST /hooks/shop-code
    preset = "github"
    secret_files = ["github.secret"]  # relative to this file; two while one is replaced by the other

Whatever a preset says may be said otherwise: topic, event_id and time as templates, source as a text; for
`preset = "hmac"` also header, prefix, algorithm and encoding.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import structlog

from eventlog.errors import SettingsError
from eventlog.hooks.presets import PRESETS, HookPreset
from eventlog.hooks.signature import key_of
from eventlog.intake.fields import source_flaw
from eventlog.intake.templates import parse_template

log = structlog.get_logger()

SECRETS_MAX = 2
TOLERANCE_SECONDS = 300
# How often the file is looked at.
LOOK_SECONDS = 2.0


class HooksFileWrong(SettingsError):
    """The file of webhooks cannot be used; the text says what to mend, and never repeats a secret."""


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    """A table of the file. What is "" is as the preset says."""

    preset: str
    secret_files: list[str]
    source: str = ""
    topic: str = ""
    event_id: str = ""
    time: str = ""
    header: str = ""
    prefix: str = ""
    algorithm: str = ""
    encoding: str = ""
    tolerance_seconds: int = TOLERANCE_SECONDS


class HookDefinition(msgspec.Struct, frozen=True):
    """One webhook. `keys` are what its secrets come to."""

    name: str
    source: str
    rules: HookPreset
    keys: tuple[bytes, ...]
    secret_files: tuple[Path, ...]
    tolerance_seconds: int

    def __repr__(self) -> str:
        return f"HookDefinition({self.name!r})"


def read_hooks(file: Path) -> dict[str, HookDefinition]:
    """Return the webhooks that a file defines, by name; raises HooksFileWrong."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise HooksFileWrong(f"EVENTLOG_HOOKS_FILE: cannot read {file}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise HooksFileWrong(f"EVENTLOG_HOOKS_FILE: {file} is no TOML: {error}") from None
    return {name: _definition(file, name, table) for name, table in tables.items()}


def _definition(file: Path, name: str, table: Any) -> HookDefinition:
    try:
        written = msgspec.convert(table, _Written)
        rules = _rules(written)
        files = tuple(file.parent / each for each in written.secret_files)
        keys = tuple(key_of(rules.scheme, _secret(each)) for each in files)
        source = written.source or name
        if flaw := source_flaw(source):
            raise ValueError(f"source {flaw}")
    except (msgspec.ValidationError, ValueError) as error:
        raise HooksFileWrong(f"EVENTLOG_HOOKS_FILE: {file}: [{name}]: {error}") from None
    if not 1 <= len(keys) <= SECRETS_MAX:
        rule = f"secret_files names one file, or {SECRETS_MAX} in a rotation"
        raise HooksFileWrong(f"EVENTLOG_HOOKS_FILE: {file}: [{name}]: {rule}")
    return HookDefinition(name, source, rules, keys, files, written.tolerance_seconds)


def _rules(written: _Written) -> HookPreset:
    if written.preset not in PRESETS:
        raise ValueError(f"preset is one of {', '.join(PRESETS)}")
    preset = PRESETS[written.preset]
    own = {name: value for name in preset.__struct_fields__ if (value := getattr(written, name, ""))}
    rules = msgspec.convert({**msgspec.structs.asdict(preset), **_lowered(own)}, HookPreset)
    if rules.scheme in ("body", "token") and not rules.header:
        raise ValueError("header names the header with the signature")
    if not rules.topic:
        raise ValueError('topic is missing, such as topic = "orders.{body.type}"')
    for template in (rules.topic, rules.event_id, rules.time):
        parse_template(template)
    return rules


def _lowered(own: Mapping[str, str]) -> dict[str, str]:
    return {name: value.lower() if name == "header" else value for name, value in own.items()}


def _secret(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"cannot read {file}: {error.strerror}") from None
    if not text:
        raise ValueError(f"{file.name} is empty")
    return text


class HookFile:
    """The webhooks of a file, as it is now. A file that has become wrong leaves them as they were."""

    def __init__(self, file: Path) -> None:
        """Raises HooksFileWrong."""
        self._file = file
        self._hooks: dict[str, HookDefinition] = {}
        self._looked_at = monotonic()
        self._hooks = read_hooks(file)
        self._seen = self._looks()

    def find(self, name: str) -> HookDefinition | None:
        """Return a webhook by its name."""
        if monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at = monotonic()
            self._look()
        return self._hooks.get(name)

    def _look(self) -> None:
        """Read the file again if it, or a secret that it names, has changed."""
        if (looks := self._looks()) == self._seen:
            return
        self._seen = looks
        try:
            self._hooks = read_hooks(self._file)
        except HooksFileWrong as error:
            log.error("hooks_file_wrong", reason=str(error), mend="what it defined before still holds")
            return
        self._seen = self._looks()
        log.info("hooks_read_again", hooks=len(self._hooks))

    def _looks(self) -> list[tuple[int, int] | None]:
        secrets = {each for hook in self._hooks.values() for each in hook.secret_files}
        return [_look_of(each) for each in (self._file, *sorted(secrets))]


def _look_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
