"""Hosts, users, paths and secrets of the database's address stay out of answers and messages."""

from pathlib import Path

import pytest

from api.errors import AWAY, problem_for
from eventlog.errors import DatabaseUnavailable, SettingsError
from eventlog.sessions.database import connect
from eventlog.settings import load_settings


@pytest.mark.parametrize("dsn", ["host={path}", "postgresql://somebody@127.0.0.1:1/x"])
def test_an_answer_does_not_say_where_the_database_is(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        connect(dsn.format(path=tmp_path), "reader", "test")
    assert problem_for(refused.value).detail == AWAY


def test_a_setting_that_is_no_dsn_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTLOG_DSN", "secret")
    with pytest.raises(SettingsError, match=r"^EVENTLOG_DSN is no connection string") as refused:
        load_settings()
    assert "secret" not in str(refused.value)
