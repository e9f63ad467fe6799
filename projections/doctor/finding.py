"""What a check found."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Status = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    status: Status
    found: Annotated[str, Meta(description="how it is")]
    mend: Annotated[str, Meta(description="what to do about it; empty where it is ok")] = ""


class Examination(msgspec.Struct, frozen=True):
    """All findings; `reachable` tells whether the database could be asked at all."""

    findings: list[Finding]
    reachable: bool

    @property
    def sound(self) -> bool:
        """Whether nothing failed; warnings are allowed."""
        return all(finding.status != "failed" for finding in self.findings)


def ok(name: str, found: str) -> Finding:
    """Return a finding that needs no mending."""
    return Finding(name, "ok", found)


def warning(name: str, found: str, mend: str) -> Finding:
    """Return a finding that somebody should look at; everything works."""
    return Finding(name, "warning", found, mend)


def failed(name: str, found: str, mend: str) -> Finding:
    """Return a finding that breaks a promise of the log, or keeps it from working."""
    return Finding(name, "failed", found, mend)
