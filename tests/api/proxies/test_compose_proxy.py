"""The proxy of docker-compose.yml, run as it stands there, before an API of a test's."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api.proxies.running import SEARCHED
from tests.faults.stack import free_port
from tests.support.api import running_api
from tests.support.events import event
from tests.support.root import ROOT
from tests.support.waiting import until


@pytest.fixture
def proxied(database: str, tmp_path: Path) -> Iterator[tuple[httpx2.Client, int]]:
    """Run Caddy with the file; yield a client that trusts its authority, and the port of the health check."""
    program = shutil.which("caddy", path=SEARCHED)
    if program is None:
        pytest.skip("caddy is not installed")
    port, health = free_port(), free_port()
    with running_api(database, allowed_hosts="localhost", trusted_proxies="127.0.0.0/8") as url:
        given = {"API": "localhost", "API_PORT": str(urlsplit(url).port), "PORT": str(port)}
        home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        caddy = subprocess.Popen(
            [program, "run", "--config", ROOT / "compose/proxy/Caddyfile", "--adapter", "caddyfile"],
            env=os.environ | home | given | {"HEALTH_PORT": str(health)},
            stderr=subprocess.DEVNULL,
        )
        try:
            root = tmp_path / "caddy/pki/authorities/local/root.crt"
            until(lambda: root.exists() and ready(health), message="caddy does not start")
            trusting = ssl.create_default_context(cafile=str(root))
            with httpx2.Client(base_url=f"https://localhost:{port}", verify=trusting, timeout=15) as client:
                yield client, health
        finally:
            caddy.terminate()
            caddy.wait(10)


def ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def test_it_speaks_tls_and_passes_on_to_the_api(proxied: tuple[httpx2.Client, int]) -> None:
    client, health = proxied
    published = client.post("/publish", json=event(), headers={"Prefer": "wait=10"})
    assert published.status_code == 200, published.text
    (told,) = client.get("/events").json()
    assert told["event_id"]
    # What is there for the health check is no way round TLS.
    assert httpx2.get(f"http://127.0.0.1:{health}/events").text == ""
