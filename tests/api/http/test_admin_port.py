"""A second port, which then is the only one for what operators ask."""

import socket
from contextlib import closing

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from api.http.permissions import PERMISSIONS
from api.http.server import listen_for
from eventlog.errors import SettingsError
from eventlog.settings import load_settings
from tests.support.api import running_api
from tests.support.events import event

OPERATORS = ("/metrics", "/projections", "/projections/core", "/operations", "/health/findings")
EVERYBODYS = ("/livez", "/readyz", "/health", "/stats", "/events", "/console/main.js", "/openapi.json")


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_what_is_for_operators_is_on_their_port_alone(database: str) -> None:
    port = free_port()
    with (
        running_api(database, admin_port=port) as url,
        httpx2.Client(base_url=url, timeout=15) as public,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=15) as admin,
    ):
        for path in OPERATORS:
            answer = public.get(path)
            assert (path, answer.status_code, answer.json()["code"]) == (path, 404, "not_found")
            assert public.options(path).status_code == 404
            assert (path, admin.get(path).status_code) == (path, 200)
        for path in EVERYBODYS:
            assert (path, public.get(path).status_code) == (path, admin.get(path).status_code)
            assert public.get(path).status_code < 400
        for path in ("/projections/core/rebuild", "/projections/core/verify", "/quarantine/x/retry"):
            assert public.post(path).status_code == 404
        assert public.delete("/projections/timeline").status_code == 404
        assert admin.post("/projections/timeline/verify").status_code == 202
        for client in (public, admin):
            assert client.post("/publish", json=event(topic="a.b", event_id=client.base_url.host)).is_success


def test_keys_are_asked_for_on_both(database: str, connection: psycopg.Connection[TupleRow]) -> None:
    port = free_port()
    with running_api(database, admin_port=port, auth="required", workers=0) as url:
        assert httpx2.get(f"{url}/events").status_code == 401
        assert httpx2.get(f"http://127.0.0.1:{port}/metrics").status_code == 401
        assert httpx2.get(f"http://127.0.0.1:{port}/livez").status_code == 200


def test_without_it_everything_is_on_the_one_port(client: httpx2.Client) -> None:
    for path in OPERATORS + EVERYBODYS:
        assert client.get(path).status_code < 400


def test_all_routes_for_operators_have_a_verb_of_theirs() -> None:
    rows = [row.path for row in PERMISSIONS if row.is_for_operators]
    assert len(rows) >= 7
    assert not any("publish" in row or row.startswith("/events") for row in rows)


def test_an_address_off_loopback_asks_for_keys_by_default() -> None:
    assert load_settings(admin_port=1).auth_mode == "open"
    assert load_settings(admin_port=1, admin_host="0.0.0.0").auth_mode == "required"
    assert not load_settings(admin_port=1, admin_host="0.0.0.0").sql_enabled


def test_a_port_that_cannot_be_is_said() -> None:
    port = free_port()
    with pytest.raises(SettingsError, match="EVENTLOG_ADMIN_PORT"):
        listen_for(load_settings(port=port, admin_port=port))
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="EVENTLOG_ADMIN_PORT: 65534 to 65536"):
            listen_for(load_settings(port=0, admin_port=65_534, api_processes=3))
        with pytest.raises(SettingsError, match="EVENTLOG_ADMIN_PORT: 0 is for one"):
            listen_for(load_settings(port=0, admin_port=0, api_processes=2))
        with pytest.raises(SettingsError, match="ADMIN_PORT"):
            listen_for(load_settings(port=0, admin_port=taken.getsockname()[1]))


def test_each_of_several_processes_has_one_of_its_own() -> None:
    for _ in range(20):
        first = free_port()
        wanted = load_settings(port=0, admin_port=first, api_processes=2)
        try:
            settings, listeners = listen_for(wanted)
        except SettingsError:  # the port after it is somebody's
            continue
        assert [listener.getsockname()[1] for listener in listeners[1:]] == [first, first + 1]
        # What keeps them does not listen, so the processes can be bound to the same.
        second, own = listen_for(settings, shared=True, number=1)
        assert (second.port, second.admin_port) == (settings.port, first + 1)
        for listener in [*listeners, *own]:
            listener.close()
        return
    raise AssertionError("there are no two free ports beside each other")
