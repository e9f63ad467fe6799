"""The door: turns the body of a publish into events, or says exactly what is wrong with it.

Rule: what `parse` lets in, PostgreSQL stores as `json` and converts to `jsonb`, and every projection can
digest. It computes; it reads and writes nothing.
"""

from eventlog.intake.accept import parse
from eventlog.intake.limits import Intake, Limits

__all__ = ["Intake", "Limits", "parse"]
