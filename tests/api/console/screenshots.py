"""Photograph every page, light and dark, wide and narrow: python -m tests.api.console.screenshots [PAGE…]

It runs the whole service over a temporary database with a load that has something of everything: a few
thousand events, duplicates, a conflict, deliveries that cannot be projected, and markup for names.
"""

import asyncio
import base64
import re
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from playwright.sync_api import Browser, Page, expect

from eventlog.embedded import EmbeddedServer
from publisher.simulation.simulate import SendOptions, simulate
from publisher.simulation.workload import Workload
from tests.api.console.running import Service, running_browser, running_service
from tests.support.events import event
from tests.support.postgres import (
    at_database,
    cloned_database,
    create_migrated_template,
    short_directory,
)
from tests.support.root import ROOT
from tests.support.waiting import until

FOLDER = ROOT / "docs" / "screenshots"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"wide": (1280, 800), "narrow": (360, 740)}
LOAD_EVENTS = 20_000
# While the pages are photographed something comes in, so that the charts have a line.
LIVE_EVENTS, LIVE_RATE = 60_000, 400
# The charts begin with the page: it is left open until they show something.
CHARTED_MILLISECONDS = 20_000


class Shot(msgspec.Struct, frozen=True):
    """A page, and what is done to it before it is photographed. `press` names keys; `ready` is waited for."""

    address: str
    ready: str
    click: tuple[str, ...] = ()
    press: tuple[str, ...] = ()


ORDER = "show_topic=order.cart.submitted&show_id=cart-1001"
SHOTS = {
    "overview": Shot("#/overview", ".books"),
    "events": Shot(f"#/events?topic=order.*&{ORDER}", ".difference tr:last-child td"),
    "follow": Shot("#/events?follow=1", "table.events tbody tr >> nth=12"),
    "projections": Shot("#/projections", "[data-state=done]", click=("Verify …", "Verify")),
    "quarantine": Shot("#/quarantine", ".cause pre", click=("Look",)),
    "sql": Shot("#/sql", ".result tbody tr", click=("Run",)),
    "chart": Shot("#/sql", ".result canvas", click=("Run", "Chart")),
    "health": Shot("#/health", ".findings"),
    "help": Shot("#/overview", "dialog[open]", press=("?",)),
}


def main(wanted: list[str]) -> None:
    """Photograph these pages, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        short_directory() as data_dir,
        # Not as fast as in tests: Health would say what is wrong with that.
        EmbeddedServer(data_dir) as server,
        cloned_database(server, create_migrated_template(server)) as name,
        running_service(at_database(server.dsn, name)) as service,
    ):
        fill(service)
        threading.Thread(target=run_load, args=(service, LIVE_EVENTS, LIVE_RATE), daemon=True).start()
        with running_browser() as browser:
            for scheme in SCHEMES:
                for size in SIZES:
                    photograph(browser, service, scheme, size, wanted or list(SHOTS))


def fill(service: Service) -> None:
    """Publish a little of everything."""
    run_load(service, LOAD_EVENTS, 0)
    now = datetime.now(UTC) - timedelta(seconds=5)
    lines = [{"sku": "4006381333931", "quantity": 2, "price": 12.5}]
    cart = event(
        topic="order.cart.submitted",
        event_id="cart-1001",
        source="web-shop-A",
        timestamp=now.isoformat(timespec="milliseconds"),
        payload={"customer": {"id": 88213, "vip": True}, "lines": lines, "total": 25, "voucher": None},
    )
    service.publish(cart)
    service.publish(cart)
    service.publish({**cart, "payload": {**cart["payload"], "total": 27, "voucher": "SPRING"}})
    service.publish(
        {**cart, "topic": "<script>alert(1)</script>", "event_id": "<img src=x onerror=alert(1)>"}
    )
    for number in range(4):
        service.insert(
            "billing.invoice.issued", f"inv-{number}", '{"timestamp": "yesterday", "source": "erp"}'
        )
    service.insert("billing.invoice.issued", "inv-9", '{"source": "erp", "payload": [1]}')
    service.publish(event(topic="billing.invoice.issued", event_id="inv-10"))
    until(lambda: service.read("/stats?topics=0")["quarantined"] >= 5, deadline_seconds=30)


def run_load(service: Service, events: int, rate: int) -> None:
    """Publish a simulated load, as fast as it goes at a rate of 0."""
    workload = Workload(events=events, duplicates=0.3, topics=10, seed=rate)
    asyncio.run(simulate(service.url, workload, SendOptions(batch=50, concurrency=4, rate=rate), quiet=True))


def photograph(
    browser: Browser, service: Service, scheme: Literal["light", "dark"], size: str, wanted: list[str]
) -> None:
    """Take the wanted pages in one colour scheme and size."""
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=service.url, viewport={"width": width, "height": height}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto("/")
    if "overview" in wanted:
        page.wait_for_timeout(CHARTED_MILLISECONDS)
    for name in wanted:
        prepare(page, SHOTS[name])
        (FOLDER / f"{name}-{size}-{scheme}.webp").write_bytes(photo_of(page))
    context.close()


def prepare(page: Page, shot: Shot) -> None:
    """Go there as somebody would, without loading the page anew, and wait until it is drawn."""
    page.evaluate("address => { location.hash = address }", shot.address)
    for name in shot.click:
        page.get_by_role("button", name=re.compile(f"^{name}( at .*)?$")).last.click()
    for key in shot.press:
        page.keyboard.press(key)
    ready = page.locator(shot.ready).first
    expect(ready).to_be_visible(timeout=30_000)
    # In one step: a row of a live table may be gone in the next moment.
    ready.evaluate("element => element.scrollIntoView({ block: 'nearest' })")
    page.wait_for_timeout(400)  # what moves when it appears comes to rest


def photo_of(page: Page) -> bytes:
    """Return what is on the screen as WebP, a third of what PNG takes, which Playwright does not offer."""
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    session.detach()
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    main(sys.argv[1:])
