"""One service and one of each proxy for this folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.api.proxies.running import (
    KINDS,
    NAME,
    Certificate,
    Proxy,
    make_certificate,
    program,
    running_proxy,
)
from tests.faults.stack import free_port
from tests.support.api import running_api
from tests.support.postgres import at_database, cloned_database, short_directory
from tests.support.waiting import until


class Behind(msgspec.Struct, frozen=True):
    """The service that all proxies stand before."""

    dsn: str
    port: int

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask its database."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    with short_directory("eventlog-proxies-") as made:
        yield made


@pytest.fixture(scope="package")
def certificate(folder: Path) -> Certificate:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here, to make a certificate")
    return make_certificate(folder)


@pytest.fixture(scope="package")
def behind(server: EmbeddedServer, template: str) -> Iterator[Behind]:
    """Serve as the recipes say. Bodies must come fast, so that it shows who collects them."""
    trusting: dict[str, Any] = {"allowed_hosts": NAME, "trusted_proxies": "127.0.0.1"}
    with cloned_database(server, template) as name:
        dsn, port = at_database(server.dsn, name), free_port()
        with running_api(dsn, port=port, keep_alive_seconds=75, receive_timeout_seconds=2, **trusting):
            yield Behind(dsn, port)


@pytest.fixture(scope="package", params=KINDS)
def proxy(
    request: pytest.FixtureRequest, behind: Behind, certificate: Certificate, folder: Path
) -> Iterator[Proxy]:
    if program(request.param) is None:
        pytest.skip(f"there is no {request.param} here")
    with running_proxy(request.param, behind.port, certificate, folder / request.param) as running:
        with running.client() as client:
            until(lambda: client.get("/readyz").status_code == 200)
        yield running


@pytest.fixture(params=["", "/log"], ids=["at the top", "below a path"])
def client(request: pytest.FixtureRequest, proxy: Proxy) -> Iterator[httpx2.Client]:
    with proxy.client(request.param) as opened:
        yield opened
