"""How long to leave alone what failed: a server that could not be reached, a claim, a switch."""

import random

from eventlog.errors import DatabaseUnavailable, NoEventLog, PoolerUnsuitable

SECONDS_MAX = 2.0
# The longest pause is reached long before; 2 to the power of a day's failures is no float any more.
DOUBLINGS_MAX = 20


def pause_seconds(failures: int, seconds_max: float = SECONDS_MAX) -> float:
    """Return a pause that doubles with each failure in a row, by chance: not all processes come at once."""
    ceiling = min(seconds_max, 0.05 * 2 ** min(failures, DOUBLINGS_MAX))
    return random.uniform(ceiling / 2, ceiling)


def comes_by_itself(error: DatabaseUnavailable) -> bool:
    """Say whether waiting helps.

    It may with whatever a connection fails of: where all is started at once, roles, databases and passwords
    are made a little later, too.
    """
    return not isinstance(error, PoolerUnsuitable | NoEventLog)
