"""Flags of `ship` that cannot be meant so are refused before the first line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eventlog.errors import SettingsError
from publisher.errors import ShipError
from publisher.ship.flags import shipping_from_flags
from publisher.ship.positions import Positions
from publisher.ship.shipping import Shipping

NONE: dict[str, Any] = dict.fromkeys(
    (
        "topic",
        "topic_field",
        "topic_template",
        "source",
        "name",
        "source_field",
        "id_field",
        "time_field",
        "payload_field",
    )
)


def shipping(**flags: Any) -> Shipping:
    return shipping_from_flags(**{**NONE, "form": "auto", "timezone": "UTC", **flags})


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"form": "csv"}, "--format: 'csv'"),
        ({"copies": "maybe"}, "--copies: 'maybe'"),
        ({"timezone": "Mars/Olympus"}, "no zone 'Mars/Olympus'"),
        ({"timezone": "../etc/passwd"}, "no zone"),
        ({"topic": "$internal"}, "--topic"),
        ({"topic": "a*"}, "--topic"),
        ({"topic": " a"}, "--topic"),
        ({"topic": ""}, "not 0"),
        ({"topic": "é" * 128}, "not 256"),
        ({"topic": "a\x85b"}, "no control characters"),
        ({"topic": "a\u3000"}, "no white space at its ends"),
        ({"topic": "a\udce4"}, "is UTF-8"),
        ({"source": "a\nb"}, "--source"),
        ({"source": "a\x9fb"}, "--source"),
        ({"name": ""}, "--name"),
        ({"topic_field": "a", "topic_template": "{b}"}, "exclude each other"),
        ({"topic_template": "a.{}"}, "--topic-template"),
        ({"id_field": "id", "form": "lines"}, "--id-field is for NDJSON"),
    ],
)
def test_a_flag_that_cannot_be_meant_is_named(flags: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said.replace("$", r"\$")):
        shipping(**flags)


def test_the_format_follows_the_suffix_and_a_field_means_ndjson() -> None:
    assert shipping().is_ndjson("a.ndjson")
    assert shipping().is_ndjson("a.jsonl.gz")
    assert not shipping().is_ndjson("a.log")
    assert not shipping(form="lines").is_ndjson("a.ndjson")
    assert shipping(id_field="id").is_ndjson("a.log")


def test_a_topic_field_is_a_template_of_one_field() -> None:
    assert shipping(topic_field="a.b").topic_template == "{a.b}"


def test_zones_have_their_summer_time() -> None:
    zone = shipping(timezone="Europe/Berlin").zone
    assert datetime(2025, 7, 1, tzinfo=zone).astimezone(UTC).hour == 22


def test_other_flags_begin_a_file_anew() -> None:
    keys = {
        tuple(shipping(**flags).way("u")) for flags in ({}, {"topic": "t"}, {"source": "s"}, {"name": "n"})
    }
    assert len(keys) == 4


def test_a_folder_that_cannot_keep_positions_is_said_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ShipError, match="choose a folder with --state-dir"):
        Positions(tmp_path / "file" / "below", ["way"])
