"""A service logs once, at its start, which settings are not the defaults, and no secret among them."""

from pathlib import Path

import pytest

from eventlog.settings import changed_settings, load_settings

SECRET = "s3cr3t"
KEY_FILE = "key-file"


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENTLOG_DSN", raising=False)


def test_defaults_are_not_told() -> None:
    assert changed_settings(load_settings()) == {}


def test_what_differs_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTLOG_BATCH_SIZE", "500")
    monkeypatch.setenv("EVENTLOG_URL", f"http://me:{SECRET}@127.0.0.1:8080")
    assert changed_settings(load_settings(port=9000)) == {"batch_size": "500", "port": "9000"}


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://me:{SECRET}@db.example:5433/log?sslmode=require&sslpassword={SECRET}",
        f"host=db.example port=5433 dbname=log user=me password={SECRET} passfile={SECRET} sslmode=require",
    ],
)
def test_a_dsn_is_told_by_where_it_leads(dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = "user=me dbname=log host=db.example port=5433 sslmode=require"
    monkeypatch.setenv("EVENTLOG_AUDIT_DSN", dsn)
    (tmp_path / "dsn").write_text(dsn)
    monkeypatch.setenv("EVENTLOG_DSN_FILE", str(tmp_path / "dsn"))
    told = changed_settings(load_settings())
    assert {name: set(value.split()) for name, value in told.items() if name != "dsn_file"} == {
        "dsn": set(shown.split()),
        "audit_dsn": set(shown.split()),
    }
    assert told["dsn_file"] == str(tmp_path / "dsn")
