"""Where keys are asked for: sign in, look, sign out; and what a page of another origin gets done then."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from eventlog.embedded import EmbeddedServer
from eventlog.keys import store
from eventlog.keys.scopes import read_scopes
from eventlog.sessions.database import connect
from tests.api.console.running import running_service
from tests.support.events import event
from tests.support.postgres import at_database, cloned_database
from tests.support.waiting import until


class Closed:
    """A service that asks for keys, and a session with its database to make them."""

    def __init__(self, url: str, dsn: str) -> None:
        self.url = url
        self.owner = connect(dsn, "owner", "keys")
        self.key = self.make("read", "subscribe", "metrics")

    def make(self, *scopes: str) -> str:
        return store.create(self.owner, "console", read_scopes(scopes), created_by="cli").key

    def known(self, *scopes: str) -> str:
        """Make a key, and return when the service knows it."""
        key = self.make(*scopes)
        shown = {"Authorization": f"Bearer {key}"}
        until(lambda: httpx2.get(f"{self.url}/metrics", headers=shown).status_code == 403)
        return key

    def revoke(self) -> None:
        store.set_state(self.owner, self.key.split("_")[1], "revoked")


@pytest.fixture
def closed(server: EmbeddedServer, template: str) -> Iterator[Closed]:
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        with connect(dsn, "owner", "keys") as owner:  # without one it would not start
            store.create(owner, "first", read_scopes(["operate"]), created_by="cli")
        with running_service(dsn, EVENTLOG_AUTH="required") as service:
            closed = Closed(service.url, dsn)
            yield closed
            closed.owner.close()


@pytest.fixture
def visitor(browser: Browser, closed: Closed) -> Iterator[Page]:
    context = browser.new_context(base_url=closed.url)
    yield context.new_page()
    context.close()


def sign_in(visitor: Page, key: str) -> None:
    visitor.get_by_label("Key", exact=True).fill(key)
    visitor.get_by_role("button", name="Sign in").click()


def test_one_signs_in_looks_and_signs_out_and_a_revoked_key_ends_it(closed: Closed, visitor: Page) -> None:
    visitor.goto("/")
    expect(visitor.get_by_text("This service asks for a key.")).to_be_visible()
    expect(visitor.get_by_role("link", name="signed out")).to_be_visible()
    sign_in(visitor, f"{closed.key[:-1]}_")
    expect(visitor.get_by_role("alert")).to_contain_text("no key that is good here")
    sign_in(visitor, closed.key)
    expect(visitor.get_by_role("link", name="running")).to_be_visible()
    [cookie] = visitor.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert closed.key.split("_")[2] not in cookie["value"]
    assert visitor.evaluate("document.cookie") == ""

    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor.get_by_text("This service asks for a key.")).to_be_visible()
    assert visitor.context.cookies() == []

    sign_in(visitor, closed.key)
    expect(visitor.get_by_role("link", name="running")).to_be_visible()
    closed.revoke()
    expect(visitor.get_by_text("this key is revoked")).to_be_visible()


def test_a_key_that_reads_some_topics_is_shown_these(closed: Closed, visitor: Page) -> None:
    publisher = closed.make("publish")
    shown = {"Authorization": f"Bearer {publisher}", "Prefer": "wait=20"}
    events = [event(topic=topic) for topic in ("order.a", "log.a")]
    until(lambda: httpx2.post(f"{closed.url}/publish", json=events, headers=shown).status_code == 200)
    visitor.goto("/")
    sign_in(visitor, closed.known("read:order.*"))
    expect(visitor.get_by_role("link", name="signed in")).to_be_visible()
    expect(visitor.get_by_text("Your key reads some topics")).to_be_visible()
    expect(visitor.get_by_text("do not balance")).to_have_count(0)
    expect(visitor.get_by_role("link", name="order.a").first).to_be_visible()
    expect(visitor.get_by_text("log.a")).to_have_count(0)
    visitor.goto(f"/#/events?show_topic=order.a&show_id={events[0]['event_id']}")
    expect(visitor.get_by_text(f"by key {publisher.split('_')[1]}")).to_be_visible()
    visitor.goto("/#/projections")
    expect(visitor.get_by_text("this key may not do that")).to_be_visible()
    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor.get_by_text("This service asks for a key.")).to_be_visible()
    sign_in(visitor, closed.known("read:order.*", "read:log.*"))
    expect(visitor.get_by_text("name one of them")).to_be_visible()


@contextmanager
def elsewhere() -> Iterator[str]:
    """Serve a page of another origin, and yield its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p>elsewhere</p>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


ASKING = """async (url) => {
    const answers = [];
    for (const [method, mode] of [["GET", "cors"], ["POST", "no-cors"], ["DELETE", "cors"]]) {
        const asked = fetch(url, { method, mode, credentials: "include" });
        answers.push(await asked.then((answer) => answer.type, () => "failed"));
    }
    return answers;
}"""


def test_a_page_of_another_origin_gets_nothing_done_with_the_cookie(closed: Closed, visitor: Page) -> None:
    # Another port of the same host is another origin, but the same site: the cookie comes along.
    visitor.goto("/")
    sign_in(visitor, closed.key)
    expect(visitor.get_by_role("link", name="running")).to_be_visible()
    with elsewhere() as foreign:
        visitor.goto(foreign)
        assert visitor.evaluate(ASKING, f"{closed.url}/events") == ["failed"] * 3
    # Without the cookie it would have been 401.
    shown = {"Authorization": f"Bearer {closed.key}"}
    metrics = httpx2.get(f"{closed.url}/metrics", headers=shown).text
    assert 'eventlog_problems_total{code="foreign_origin",status="403"}' in metrics
