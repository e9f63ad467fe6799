"""Intake: turns the body of a publish into events, or says exactly what is wrong with it.

Rule: what `parse` lets in, PostgreSQL stores as `json` and converts to `jsonb`, and every projection can
digest. `accept` does the same for most good bodies, and says of others that it does not know. They
compute; they read and write nothing.
"""

from eventlog.intake.accept import accept, parse
from eventlog.intake.limits import Intake, PublishLimits
from eventlog.intake.own import contents_of

__all__ = ["Intake", "PublishLimits", "accept", "contents_of", "parse"]
