"""TLS without a proxy: its files, its bounds, and certificates that are renewed while it serves."""

import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow
from structlog.testing import capture_logs

from eventlog.errors import EventlogError, SettingsError
from eventlog.settings import Settings
from eventlog.terminal.client import ask
from eventlog.tls import server_certificate
from eventlog.tls.server_certificate import require_good
from projections.doctor.surroundings import check_certificate
from tests.support.api import running_api
from tests.support.certificates import Authority, Files, locked
from tests.support.command_line import eventlog
from tests.support.events import event
from tests.support.raw_client import Client, client_of, logged, one_topic, request
from tests.support.waiting import until

LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def files(tmp_path: Path, authority: Authority) -> Files:
    made = Files(tmp_path, authority)
    made.put(authority.issue())
    return made


@contextmanager
def reader(url: str, files: Files) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url, timeout=15, verify=files.trusted) as client:
        yield client


def served_by(url: str, files: Files) -> str:
    """Return the fingerprint of the certificate that a new connection is shown."""
    address = urlsplit(url)
    with (
        socket.create_connection((str(address.hostname), address.port), timeout=10) as link,
        files.trusted.wrap_socket(link, server_hostname="localhost") as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
        assert shown is not None
        return hashlib.sha256(shown).hexdigest()


def renew(url: str, files: Files, authority: Authority) -> None:
    renewed = authority.issue()
    files.put(renewed)
    until(lambda: served_by(url, files) == renewed.fingerprint)


def metric(client: httpx2.Client, name: str) -> float:
    for line in client.get("/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"there is no {name}")


def settings(files: Files, **further: object) -> Settings:
    return Settings(**files.settings, **further)  # type: ignore[arg-type]


# At the start.


def test_a_file_that_is_not_there_is_said(files: Files) -> None:
    files.key.unlink()
    with pytest.raises(SettingsError, match=r"TLS_KEY: cannot read .*key.pem: No such file.*; name"):
        require_good(settings(files))


def test_what_cannot_be_read_is_said(files: Files) -> None:
    files.certificate.unlink()
    files.certificate.mkdir()
    with pytest.raises(SettingsError, match=r"TLS_CERT: cannot read .*Is a directory.*; let this"):
        require_good(settings(files))


@pytest.mark.parametrize("content", [b"", b"nothing\n", b"\x30\x82\x01\x0a\x02\x82"])
@pytest.mark.parametrize(("name", "kind"), [("cert", "CERTIFICATE"), ("key", "PRIVATE KEY")])
def test_what_is_no_pem_is_said(files: Files, content: bytes, name: str, kind: str) -> None:
    (files.certificate if name == "cert" else files.key).write_bytes(content)
    with pytest.raises(SettingsError, match=f"EVENTLOG_TLS_{name.upper()}: .*-----BEGIN {kind}-----"):
        require_good(settings(files))


def test_a_key_of_another_certificate_is_said(files: Files, authority: Authority) -> None:
    files.key.write_bytes(authority.issue().key_pem)
    with pytest.raises(SettingsError, match=r"does not belong to the first certificate in .*cert.pem"):
        require_good(settings(files))


def test_a_chain_in_the_wrong_order_is_said(files: Files, authority: Authority) -> None:
    files.certificate.write_bytes(authority.certificate_pem + files.certificate.read_bytes())
    with pytest.raises(SettingsError, match="the service's own certificate comes first"):
        require_good(settings(files))


def test_a_locked_key_is_said_and_nobody_is_asked(files: Files, authority: Authority) -> None:
    pair = authority.issue()
    files.put(pair)
    files.key.write_bytes(locked(pair, "secret"))
    with pytest.raises(SettingsError, match=r"locked by a passphrase.*openssl pkey -in"):
        require_good(settings(files))


@pytest.mark.parametrize("name", ["tls_cert", "tls_key"])
def test_one_of_the_two_alone_is_refused(files: Files, name: str) -> None:
    with pytest.raises(SettingsError, match="belong together: set both"):
        require_good(Settings(**{name: files.certificate}))  # type: ignore[arg-type]


def test_a_service_with_a_useless_certificate_does_not_start(files: Files) -> None:
    files.key.write_text("nothing\n")
    ended = eventlog(
        "api",
        EVENTLOG_DSN="postgresql://nobody@127.0.0.1:1/none",
        EVENTLOG_TLS_CERT=str(files.certificate),
        EVENTLOG_TLS_KEY=str(files.key),
    )
    assert ended.returncode != 0
    assert "EVENTLOG_TLS_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("days", "status", "words"),
    [
        (90, "ok", "until"),
        (3, "warning", "it expires in 2 days"),
        (-1, "failed", "expired"),
    ],
)
def test_the_doctor_tells_until_when_it_holds(
    files: Files, authority: Authority, days: int, status: str, words: str
) -> None:
    files.put(authority.issue(days=days))
    [finding] = check_certificate(settings(files))
    assert finding.status == status
    assert words in finding.found


# While it serves.


def test_it_is_spoken_in_all_that_is_answered(
    database: str, connection: psycopg.Connection[TupleRow], files: Files
) -> None:
    with running_api(database, workers=0, **files.settings) as url, reader(url, files) as client:
        assert url.startswith("https:")
        answer = client.post("/publish", json=event(topic="tls.order", event_id="1"))
        assert answer.status_code == 202
        assert logged(connection) == ["1"]
        # Nothing is said for other services of the same host, for a long time, without being asked.
        assert "strict-transport-security" not in answer.headers
        with client_of(url, files.trusted) as raw:
            assert isinstance(raw.link, ssl.SSLSocket)
            assert raw.link.version() == "TLSv1.3"


def test_a_large_answer_and_a_large_body_come_whole(database: str, files: Files) -> None:
    with running_api(database, workers=1, **files.settings) as url, reader(url, files) as client:
        text = "x" * 900_000
        for number in range(4):
            one = event(topic="tls.large", event_id=str(number), payload={"text": text})
            assert client.post("/publish", json=one, headers={"prefer": "wait=10"}).status_code == 200
        found = client.get("/events", params={"topic": "tls.large"})
        assert [len(one["payload"]["text"]) for one in found.json()] == [900_000] * 4
        batch = [event(topic="tls.batch", event_id=str(number)) for number in range(5_000)]
        assert client.post("/publish", json=batch).json()["accepted"] == 5_000


def test_older_tls_is_refused(database: str, files: Files) -> None:
    old = files.trusted
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with running_api(database, workers=0, **files.settings) as url:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            Client(url, old)
        with reader(url, files) as client:
            assert metric(client, 'eventlog_tls_handshakes_total{outcome="failed"}') == 1


def test_plain_http_is_told_what_is_spoken(
    database: str, connection: psycopg.Connection[TupleRow], files: Files
) -> None:
    with running_api(database, workers=0, **files.settings) as url, client_of(url) as raw:
        raw.send(request(one_topic("plain")))
        status, _, problem = raw.answer()
        assert (status, problem["code"]) == (400, "tls_required")
        assert "https://" in problem["detail"]
        assert raw.ended()
    assert logged(connection) == []


def test_what_is_neither_is_closed_on(database: str, files: Files) -> None:
    with running_api(database, workers=0, **files.settings) as url, client_of(url) as raw:
        raw.send(b"\x00\x01\x02\x03")
        with suppress(ConnectionResetError):
            assert raw.ended()


@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_a_handshake_takes_no_longer_than_a_head(database: str, files: Files, begun: bytes) -> None:
    with running_api(database, workers=0, receive_timeout_seconds=0.3, **files.settings) as url:
        with client_of(url) as raw:
            raw.send(begun)
            with suppress(ConnectionResetError):
                assert raw.ended()
        with reader(url, files) as client:
            assert metric(client, 'eventlog_tls_handshakes_total{outcome="left"}') == 1


def test_who_does_no_handshake_counts_as_a_connection(database: str, files: Files) -> None:
    with running_api(database, workers=0, connections_max=16, **files.settings) as url:
        silent = [Client(url) for _ in range(40)]
        with reader(url, files) as client:
            assert client.get("/livez").status_code == 200
            until(lambda: metric(client, "eventlog_connections") <= 16)
            assert metric(client, 'eventlog_connections_closed_total{reason="shed"}') >= 20
        for one in silent:
            one.close()


def test_answers_that_are_due_come_after_the_clients_end(database: str, files: Files) -> None:
    with running_api(database, workers=0, **files.settings) as url, client_of(url, files.trusted) as raw:
        raw.send(request(one_topic("half")), LIVE)
        # Beneath TLS: Python's own would take TLS from what is read, too.
        with socket.socket(fileno=os.dup(raw.link.fileno())) as beneath:
            beneath.shutdown(socket.SHUT_WR)
        assert [raw.answer()[0] for _ in range(2)] == [202, 200]


# Renewed.


def test_a_renewed_certificate_is_taken_and_no_request_fails(
    database: str, files: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_certificate, "LOOK_SECONDS", 0.02)
    stopping, outcomes = threading.Event(), list[int]()

    def publish(url: str, keep: bool) -> None:
        number = 0
        with reader(url, files) as kept:
            while not stopping.is_set():
                number += 1
                one = event(topic="tls.load", event_id=f"{keep}-{threading.get_ident()}-{number}")
                if keep:
                    outcomes.append(kept.post("/publish", json=one).status_code)
                else:
                    with reader(url, files) as fresh:
                        outcomes.append(fresh.post("/publish", json=one).status_code)

    with running_api(database, workers=0, **files.settings) as url:
        load = [threading.Thread(target=publish, args=(url, keep)) for keep in (True, True, False)]
        for each in load:
            each.start()
        try:
            for _ in range(3):
                renew(url, files, authority)
                done = len(outcomes)
                until(lambda done=done: len(outcomes) > done + 5)  # type: ignore[misc]
        finally:
            stopping.set()
            for each in load:
                each.join()
        with reader(url, files) as client:
            assert metric(client, "eventlog_tls_renewals_total") == 3
            assert metric(client, "eventlog_tls_certificate_end_seconds") > time.time()
            assert metric(client, "eventlog_tls_renewal_failed") == 0
    assert set(outcomes) == {202}


def test_a_broken_renewal_keeps_the_one_before_and_is_said(
    database: str, files: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_certificate, "LOOK_SECONDS", 0.02)
    with running_api(database, workers=0, **files.settings) as url, reader(url, files) as client:
        before = served_by(url, files)
        with capture_logs() as logs:
            files.key.write_text("-----BEGIN nothing-----\n")
            until(lambda: metric(client, "eventlog_tls_renewal_failed") == 1)
            assert served_by(url, files) == before
            findings = {one["name"]: one for one in client.get("/health/findings").json()}
            assert findings["certificate"]["status"] == "failed"
            assert "EVENTLOG_TLS_KEY" in findings["certificate"]["found"]
            renew(url, files, authority)
            assert metric(client, "eventlog_tls_renewal_failed") == 0
        told = [one["event"] for one in logs if one["event"].startswith("certificate_")]
        assert told == ["certificate_not_renewed", "certificate_renewed"]


# Our own commands, and those of others.


@pytest.fixture
def served(database: str, files: Files) -> Iterator[str]:
    with running_api(database, workers=1, **files.settings) as url:
        yield url


def test_our_commands_speak_it(served: str, files: Files, tmp_path: Path) -> None:
    trusting = {"EVENTLOG_URL": served, "EVENTLOG_CA": str(files.ca)}
    line = tmp_path / "a.log"
    line.write_text("one line\n")
    assert eventlog("ship", line, "--state-dir", tmp_path / "state", **trusting).returncode == 0
    load = eventlog("simulate", "--events", "50", "--json", **trusting)
    assert load.returncode == 0, load.stderr
    shown = eventlog("tail", "--json", "-n", "1", **trusting)
    assert json.loads(shown.stdout)["topic"]
    assert eventlog("stats", **trusting).returncode == 0


@pytest.mark.parametrize("command", ["ship", "simulate"])
def test_who_does_not_know_the_authority_is_told_what_to_do(
    served: str, tmp_path: Path, command: str
) -> None:
    line, other = tmp_path / "a.log", tmp_path / "other.pem"
    line.write_text("one line\n")
    other.write_bytes(Authority("another").certificate_pem)
    arguments: dict[str, list[str | Path]] = {
        "ship": [line, "--state-dir", tmp_path / "state"],
        "simulate": ["--events", "5"],
    }
    ended = eventlog(command, *arguments[command], EVENTLOG_URL=served, EVENTLOG_CA=str(other))
    assert ended.returncode != 0
    assert "EVENTLOG_CA" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_reading_tells_what_is_wrong_with_a_certificate(
    database: str, files: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(url: str, ca: Path | None) -> str:
        monkeypatch.setenv("EVENTLOG_CA", str(ca)) if ca else monkeypatch.delenv("EVENTLOG_CA")
        with pytest.raises(EventlogError) as caught:
            ask(url, "/livez")
        return str(caught.value)

    with running_api(database, workers=0, **files.settings) as url:
        monkeypatch.setenv("EVENTLOG_CA", str(files.ca))
        assert ask(url, "/livez")
        assert "https://" in refused(url.replace("https:", "http:"), files.ca)
        assert "EVENTLOG_CA names the file" in refused(url, None)
        assert "EVENTLOG_CA: cannot use" in refused(url, files.ca.with_name("none.pem"))
        assert "EVENTLOG_CA: cannot use" in refused(url, files.ca.parent)
    files.put(authority.issue("log.example", address=None))
    with running_api(database, workers=0, **files.settings) as url:
        assert "as its certificate does" in refused(url, files.ca)
    files.put(authority.issue(days=-1))
    with running_api(database, workers=0, **files.settings) as url:
        assert "has to be renewed there" in refused(url, files.ca)


def test_a_port_without_it_is_said(api: str, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTLOG_CA", str(files.ca))
    with pytest.raises(EventlogError, match="it speaks no TLS there"):
        ask(api.replace("http:", "https:"), "/livez")


def test_curl_speaks_it(served: str, files: Files) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    curl = ["curl", "--silent", "--show-error", "--max-time", "10"]
    good = subprocess.run([*curl, "--cacert", files.ca, f"{served}/livez"], capture_output=True, check=False)
    assert b'"ok"' in good.stdout, good.stderr
    bad = subprocess.run([*curl, f"{served}/livez"], capture_output=True, check=False)
    assert bad.returncode == 60


def test_the_cookie_of_the_console_is_for_tls_alone(
    database: str, connection: psycopg.Connection[TupleRow], files: Files
) -> None:
    ended = eventlog("keys", "create", "console", "--scope", "read", EVENTLOG_DSN=database)
    with (
        running_api(database, workers=0, auth="required", **files.settings) as url,
        reader(url, files) as client,
    ):
        signed = client.post("/session", json={"key": ended.stdout.strip()})
        assert signed.status_code == 204
        assert "; Secure" in signed.headers["set-cookie"]
