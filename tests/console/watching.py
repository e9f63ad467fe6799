"""What a page did that it must not: errors, requests elsewhere, scripts of somebody else's."""

from playwright.sync_api import ConsoleMessage, Page

# What a browser says of an answer of 4xx or 5xx, and of none; the pages expect some of them.
FAILED = "Failed to load resource:"


class Watched:
    """Listens to a page from its beginning."""

    def __init__(self, page: Page, origin: str) -> None:
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self._origin = origin
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(f"a dialog opened: {dialog.message}"))
        page.on("request", lambda request: self._requested(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not message.text.startswith(FAILED):
            self.errors.append(message.text)

    def _requested(self, url: str) -> None:
        if not url.startswith((self._origin, "blob:")):
            self.elsewhere.append(url)
