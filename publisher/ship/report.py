"""What became of the files, for people and for programs. Nothing that was passed over goes unsaid here."""

from dataclasses import dataclass, field

import msgspec


@dataclass(slots=True)
class Lost:
    """A file that is gone before its end was read."""

    path: str
    after_line: int
    bytes: int  # an estimate
    lines: int  # an estimate
    detail: str


@dataclass(slots=True)
class FileReport:
    """What became of one file, and of those that were at its path before it."""

    path: str
    name: str = ""
    kind: str = ""
    format: str = ""
    resumed_after_line: int = 0
    nothing_new: bool = False
    already_there: int = 0
    records: int = 0
    accepted: int = 0
    refused: int = 0
    without_time: int = 0
    first_time: str = ""
    last_time: str = ""
    waiting_bytes: int = 0  # of a last line that has no end yet
    hole_bytes: int = 0
    skipped: str | None = None  # why nothing of it was sent, where that is no fault
    failure: str | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Remember something that was decided, once."""
        if text not in self.notes:
            self.notes.append(text)

    def seen(self, time: str) -> None:
        """Widen the span of times."""
        if not self.first_time or time < self.first_time:
            self.first_time = time
        if time > self.last_time:
            self.last_time = time


@dataclass(slots=True)
class ShipReport:
    """What became of all files."""

    files: list[FileReport] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # of the run as such
    retries: int = 0
    seconds: float = 0.0

    def total(self, name: str) -> int:
        """Add up one count of all files."""
        return sum(int(getattr(file, name)) for file in self.files)

    @property
    def complete(self) -> bool:
        """Tell whether every line of every file that could be read is in the log."""
        return not self.total("refused") and not self.failures and not any(f.failure for f in self.files)

    def as_json(self) -> bytes:
        """Encode the report for programs."""
        names = ("records", "accepted", "already_there", "refused", "without_time")
        spans = [(file.first_time, file.last_time) for file in self.files if file.first_time]
        return msgspec.json.encode(
            {
                **{name: self.total(name) for name in names},
                "first_time": min((first for first, _ in spans), default=None),
                "last_time": max((last for _, last in spans), default=None),
                "possibly_lost": self.lost,
                "failures": self.failures,
                "retries": self.retries,
                "seconds": round(self.seconds, 3),
                "files": self.files,
            }
        )
