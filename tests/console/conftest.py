"""One service and one browser for this folder, a page for each test.

They end with the folder: while Playwright runs, its thread has an event loop, in which no other
test could run one.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from eventlog.embedded import EmbeddedServer
from tests.console.running import BROWSER, Service, running_browser, running_service
from tests.console.watching import Watched
from tests.support.postgres import at_database, cloned_database

ACTION_MILLISECONDS = 20_000

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


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    """Open a page in a profile of its own."""
    context = browser.new_context(base_url=service.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(ACTION_MILLISECONDS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.fixture(autouse=True)
def watched(request: pytest.FixtureRequest) -> Iterator[Watched | None]:
    """Hold against a test's page, when the test ends, what a page must never do."""
    if "page" not in request.fixturenames:
        yield None
        return
    service: Service = request.getfixturevalue("service")
    watching = Watched(request.getfixturevalue("page"), service.url)
    yield watching
    assert watching.errors == []
    assert watching.elsewhere == []
