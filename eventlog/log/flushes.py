"""How long the commits of a writer took, and what they held."""

from eventlog.distribution import Distribution

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
EVENTS = (1, 10, 100, 1_000, 10_000, 100_000)


class Flushes:
    """Of one writer, since it was made."""

    def __init__(self) -> None:
        self.seconds = Distribution(SECONDS)
        self.events = Distribution(EVENTS)

    def add(self, seconds: float, events: int) -> None:
        """Count one."""
        self.seconds.add(seconds)
        self.events.add(events)
