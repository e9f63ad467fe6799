"""What a page did that it must not: errors, requests elsewhere, scripts of somebody else's."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import ConsoleMessage, Page

# What a browser says of an answer of 4xx or 5xx, and of none; the pages expect some of them.
FAILED = "Failed to load resource:"


class Watched:
    """Listens to a page until it is stopped."""

    def __init__(self, page: Page, origin: str) -> None:
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self._origin = origin
        self._page = page
        self._listeners: dict[str, Callable[[Any], None]] = {
            "console": self._said,
            "pageerror": lambda error: self.errors.append(str(error)),
            "dialog": lambda dialog: self.errors.append(f"a dialog opened: {dialog.message}"),
            "request": lambda request: self._requested(request.url),
        }
        for event, listener in self._listeners.items():
            page.on(event, listener)  # type: ignore[call-overload]

    def stop(self) -> None:
        """Leave the page alone: another test may be next to use it."""
        for event, listener in self._listeners.items():
            self._page.remove_listener(event, listener)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not message.text.startswith(FAILED):
            self.errors.append(message.text)

    def _requested(self, url: str) -> None:
        if not url.startswith((self._origin, "blob:")):
            self.elsewhere.append(url)
