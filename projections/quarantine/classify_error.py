"""Classify errors of a step: whether they blame the content, and with which words."""

import psycopg

from eventlog.sessions.database import first_line, is_transient
from projections.delivery import Indigestible

# Data exceptions, constraints that the content violates, limits that it exceeds, and what a
# projection raises itself.
CONTENT_CLASSES = ("22", "23", "54", "P0001")
# What a projection in Python could not digest has no SQLSTATE of its own.
DATA_EXCEPTION = "22000"
CAUSE_CHARACTERS_MAX = 500


def blames_content(error: Exception) -> bool:
    """Say whether a step failed because of what it was to project."""
    if isinstance(error, psycopg.Error):
        return not is_transient(error) and explains(error.sqlstate or "")
    return isinstance(error, Indigestible)


def explains(sqlstate: str) -> bool:
    """Say whether content alone leads to this SQLSTATE, in any replay."""
    return sqlstate.startswith(CONTENT_CLASSES)


def sqlstate_of(error: Exception) -> str:
    """Return the SQLSTATE that the quarantine records for an error."""
    return error.sqlstate or "" if isinstance(error, psycopg.Error) else DATA_EXCEPTION


def cause_of(error: Exception) -> str:
    """Return the message of an error, as one line that PostgreSQL can store as text."""
    return first_line(error).replace("\0", "\\0")[:CAUSE_CHARACTERS_MAX]
