"""What is wrong with the database, looked at anew now and then, however many ask."""

import asyncio
import time

from eventlog.settings import Settings
from projections.doctor import Finding, survey

# Some twenty statements in a session of the owner's; anybody may ask.
KEPT_SECONDS = 5.0


class CachedFindings:
    """Looks for whoever asks, one look at a time."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._settings = settings
        self._dsn = dsn
        self._looking = asyncio.Lock()
        self._found: list[Finding] = []
        self._until = 0.0

    async def findings(self) -> list[Finding]:
        """Return what was found last, at most some seconds ago. Raises DatabaseUnavailable."""
        async with self._looking:
            if time.monotonic() > self._until:
                self._found = await asyncio.to_thread(survey, self._settings, self._dsn)
                self._until = time.monotonic() + KEPT_SECONDS
            return self._found
