"""One service, one browser and one page for this folder, tidied up after each test.

They end with the folder: while Playwright runs, its thread has an event loop, in which no other
test could run one.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from eventlog.embedded import EmbeddedServer
from tests.api.console.running import BROWSER, Service, running_browser, running_service
from tests.api.console.watching import Watched
from tests.support.postgres import at_database, cloned_database

ACTION_MILLISECONDS = 20_000
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
NOWHERE = "/#/nowhere"

expect.set_options(timeout=ACTION_MILLISECONDS)


@pytest.fixture(scope="package")
def service(server: EmbeddedServer, template: str) -> Iterator[Service]:
    """Run the whole service over a database of this folder's own."""
    with cloned_database(server, template) as name, running_service(at_database(server.dsn, name)) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if BROWSER is None:
        pytest.skip("there is no Chromium here (apt install chromium)")
    with running_browser() as running:
        yield running


class Tab:
    """A page that the tests use one after the other: to load one anew takes longer than most of them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        """Return the page, in a profile of its own; a new one after `leave`."""
        if self._page is None:
            context = self._browser.new_context(base_url=self._url, viewport=VIEWPORT)
            context.set_default_timeout(ACTION_MILLISECONDS)
            context.grant_permissions(["clipboard-read", "clipboard-write"])
            self._page = context.new_page()
            self._page.goto(NOWHERE)
        return self._page

    def tidy(self) -> None:
        """Make the page as if nobody had used it."""
        page = self.page
        for other in page.context.pages:
            if other != page:
                other.close()
        page.unroute_all()
        page.set_viewport_size(VIEWPORT)
        page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        page.context.set_offline(False)
        if page.evaluate("localStorage.length"):
            page.evaluate("localStorage.clear()")
            page.reload()
        # Every page of the console has its own state, which ends when another is shown.
        page.goto(NOWHERE)

    def leave(self) -> None:
        """Close it with its profile."""
        if self._page is not None:
            self._page.context.close()
            self._page = None


@pytest.fixture(scope="package")
def tab(browser: Browser, service: Service) -> Iterator[Tab]:
    opened = Tab(browser, service.url)
    yield opened
    opened.leave()


@pytest.fixture
def page(tab: Tab, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Show the console, no page of it yet. What a test that failed leaves behind is seen by no other."""
    failed = request.session.testsfailed
    yield tab.page
    if request.session.testsfailed > failed:
        tab.leave()
    else:
        tab.tidy()


@pytest.fixture(autouse=True)
def watched(request: pytest.FixtureRequest) -> Iterator[Watched | None]:
    """Hold against a test's page, when the test ends, what a page must never do."""
    if "page" not in request.fixturenames:
        yield None
        return
    service: Service = request.getfixturevalue("service")
    watching = Watched(request.getfixturevalue("page"), service.url)
    yield watching
    watching.stop()
    assert watching.errors == []
    assert watching.elsewhere == []
