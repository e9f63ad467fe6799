"""Browsers behind nginx, by the recipe and as it is without one; and proxies that lose the service."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api.console.running import BROWSER
from tests.api.proxies.conftest import Behind
from tests.api.proxies.running import KINDS, NAME, Certificate, Proxy, program, running_proxy
from tests.faults.stack import free_port
from tests.support.api import running_api
from tests.support.events import event
from tests.support.waiting import until

# As people begin: Host is the upstream's address, and nothing else is said.
CARELESS = """events {}
http {
    server {
        listen 443 ssl;
        ssl_certificate /etc/ssl/log.example.pem;
        ssl_certificate_key /etc/ssl/private/log.example.key;
        location / { proxy_pass http://127.0.0.1:8080; }
        location /host/ { proxy_pass http://127.0.0.1:8080/; proxy_set_header Host $host; }
    }
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium, for which the recipes' name is on loopback and every other is nowhere."""
    if BROWSER is None:
        pytest.skip("there is no Chromium here (apt install chromium)")
    rules = f"MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=BROWSER,
            args=["--no-sandbox", "--disable-dev-shm-usage", f"--host-resolver-rules={rules}"],
        )
        yield running
        running.close()


@contextmanager
def page_of(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(ignore_https_errors=True)
    try:
        yield context.new_page()
    finally:
        context.close()


def nginx(behind: Behind, certificate: Certificate, folder: Path, recipe: str | None) -> Iterator[Proxy]:
    if program("nginx") is None:
        pytest.skip("there is no nginx here")
    name = "browsers" if recipe is None else "careless"
    with running_proxy("nginx", behind.port, certificate, folder / name, recipe) as running:
        yield running


@pytest.fixture(scope="module")
def careful(behind: Behind, certificate: Certificate, folder: Path) -> Iterator[Proxy]:
    yield from nginx(behind, certificate, folder, None)


@pytest.fixture(scope="module")
def careless(behind: Behind, certificate: Certificate, folder: Path) -> Iterator[Proxy]:
    yield from nginx(behind, certificate, folder, CARELESS)


def published_by(page: Page, path: str) -> int:
    """Publish as a page does, and wait until it is projected; return the status."""
    status = page.evaluate(
        "([path, event]) => fetch(path, {method: 'POST', body: JSON.stringify(event),"
        " headers: {'Content-Type': 'application/json', Prefer: 'wait=20'}}).then(answer => answer.status)",
        [path, event(topic="proxies.browser")],
    )
    return int(status)


def test_the_console_and_the_documents_work_below_a_path(browser: Browser, careful: Proxy) -> None:
    with page_of(browser) as page:
        failed: list[str] = []
        page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
        page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
        page.goto(f"{careful.origin}/log")
        expect(page).to_have_url(f"{careful.origin}/log/")
        expect(page.get_by_text("Received").first).to_be_visible(timeout=30_000)
        assert published_by(page, "publish") == 200
        page.goto(f"{careful.origin}/log/#/events")
        expect(page.get_by_text("proxies.browser").first).to_be_visible(timeout=30_000)
        page.goto(f"{careful.origin}/log/docs")
        page.locator(".opblock", has_text="The books").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table")).to_contain_text("unique_processed", timeout=30_000)
        assert f"{careful.origin}/log/stats" in page.locator(".request-url").inner_text()
        assert failed == []


def test_a_page_publishes_though_the_proxy_hides_what_it_is_called(browser: Browser, careless: Proxy) -> None:
    with page_of(browser) as page:
        for path in ("", "host/"):
            page.goto(f"{careless.origin}/{path}docs")
            assert published_by(page, "publish") == 200


class Foreign(BaseHTTPRequestHandler):
    """A site of somebody else's, on loopback too, since browsers keep the others out by themselves."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_foreign_page_neither_reads_nor_writes(browser: Browser, careful: Proxy) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as elsewhere, page_of(browser) as page:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        for path in ("/stats", "/console/icon.svg"):
            fetched = page.evaluate(
                "url => fetch(url, {mode: 'no-cors'}).then(() => 'answered', () => 'refused')",
                f"{careful.origin}{path}",
            )
            assert fetched == "refused"
        # It may lead here, in a tab of its own.
        page.evaluate("url => { location.href = url }", f"{careful.origin}/stats")
        expect(page.get_by_text("unique_processed")).to_be_visible()
        elsewhere.shutdown()


# Where they answered before on a connection, they close it without a word: its client is to try again.
CLOSING = ("haproxy", "apache")


def published(client: httpx2.Client, event_id: str) -> int | None:
    """Publish; return the status, None where the connection was closed instead."""
    try:
        return client.post("/publish", json=event(event_id=event_id)).status_code
    except httpx2.RemoteProtocolError:
        return None


class Upstream:
    """Takes what proxies send, answers health, and lets every other request fall."""

    def __init__(self) -> None:
        self.fallen: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[peer], daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            came = b""
            while piece := peer.recv(65536):
                came += piece
                if came.startswith(b"GET /readyz"):
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                if came.endswith(b"}"):
                    self.fallen.append(came)
                    return


@pytest.mark.parametrize("kind", KINDS)
def test_a_publish_is_not_sent_again_behind_its_clients_back(
    kind: str, certificate: Certificate, folder: Path
) -> None:
    if program(kind) is None:
        pytest.skip(f"there is no {kind} here")
    upstream = Upstream()
    with running_proxy(kind, upstream.port, certificate, folder / f"losing-{kind}") as proxy:
        with proxy.client() as client:
            until(lambda: client.get("/readyz").status_code == 200)
            for number in range(3):
                assert published(client, f"{number}") in ((None, 502) if kind in CLOSING else (502,))
        assert len(upstream.fallen) == 3
    upstream.close()


def place_after(client: httpx2.Client, last_id: str, count: int) -> str | None:
    """Follow from a place until so many events came; return the place after them. None: come again."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
    with client.stream("GET", "/events/stream", headers=headers) as answer:
        came, place = 0, ""
        for line in answer.iter_lines():
            came += line.startswith("data:") and "event_id" in line
            place = line.removeprefix("id:").strip() if line.startswith("id:") else place
            if came == count and not line and place:
                return place
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_starts_again_is_found_again_and_followed_on(
    kind: str, database: str, certificate: Certificate, folder: Path
) -> None:
    if program(kind) is None:
        pytest.skip(f"there is no {kind} here")
    port = free_port()
    trusting: dict[str, Any] = {"allowed_hosts": NAME, "trusted_proxies": "127.0.0.1"}
    place = ""
    with (
        running_proxy(kind, port, certificate, folder / f"again-{kind}") as proxy,
        proxy.client() as client,
    ):
        assert client.get("/stats").status_code in (502, 503, 504)
        for number in range(3):
            with running_api(database, port=port, **trusting):
                until(lambda: client.get("/stats").status_code == 200)
                # What was published last before the service went away was not read then.
                place = until(partial(place_after, client, place, count=min(number, 1))) or ""
                assert client.post("/publish", json=event(event_id=f"{number}")).status_code == 202
