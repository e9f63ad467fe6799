import re
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog.errors import Refused
from eventlog.intake import parse
from eventlog.intake.fields import as_moment
from tests.eventlog.intake.samples import LIMITS, accepted, array, faults, refused, sample

FINE = [
    "2025-10-21T10:00:00Z",
    "2025-10-21t10:00:00z",
    "2025-10-21T10:00:00.1Z",
    "2025-10-21T10:00:00.123456z",
    "2025-10-21T10:00:00.1234567Z",
    "2025-10-21T10:00:00.123456789+05:30",
    "2025-10-21T10:00:00." + "9" * 234 + "Z",
    "9999-12-31T23:59:59.9999999Z",
    "2025-10-21T23:59:59.999999+15:59",
    "2025-10-21T00:00:00-15:59",
    "2025-10-21T10:00:00-00:00",
    "2024-02-29T10:00:00+05:30",
    "2000-02-29T10:00:00Z",
    "1970-01-01T00:00:00Z",
    "1970-01-01T15:59:00+15:59",
    "1969-12-31T23:59:00-00:01",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T08:00:59.999999-15:59",
]
BAD = [
    "", "now", "infinity", "epoch", "2025-10-21", "10:00:00Z", "2025-10-21T10:00:00", "2025-10-21T10:00Z",
    "2025-10-21 10:00:00Z", "2025-10-21T10:00:00 Z", " 2025-10-21T10:00:00Z", "2025-10-21T10:00:00Z ",
    "2025-10-21T10:00:00Z\n", "2025-10-21T10:00:00Z\n2025-10-21T10:00:00Z", "2025-10-21T10:00:00.Z",
    "2025-10-21T10:00:00,1Z", "2025-10-21T10:00:60Z", "2025-10-21T24:00:00Z",
    "2025-10-21T10:60:00Z", "2025-02-29T10:00:00Z", "1900-02-29T10:00:00Z", "2025-04-31T10:00:00Z",
    "2025-00-21T10:00:00Z", "2025-13-21T10:00:00Z", "2025-10-00T10:00:00Z", "2025-10-32T10:00:00Z",
    "20251021T100000Z", "2025-W43-2T10:00:00Z", "2025-294T10:00:00Z", "2025-10-21T10:00:00+0530",
    "2025-10-21T10:00:00+05", "2025-10-21T10:00:00+16:00", "2025-10-21T10:00:00-15:60",
    "2025-10-21T10:00:00+05:30:00", "2025-10-21T10:00:00UTC", "2025-10-21T10:00:00Z BC",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z", "+2025-10-21T10:00:00Z", "-2025-10-21T10:00:00Z", "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "٢025-10-21T10:00:00Z",
    "２０２５-10-21T10:00:00Z",
    "1761040800", "2025-10-21T10:00:00\u212a", "2025-10-21\u017f10:00:00Z",
    "2025-10-21T10:00:00" + "0" * 5_000,
    "2025-10-21T10:00:00." + "0" * 235 + "Z", "2025-10-21T10:00:00." + "1" * 1_000_000 + "Z",
    "2025-10-21T10:00:00.\u0661Z",
]  # fmt: skip


@pytest.mark.parametrize("timestamp", FINE)
def test_a_time_stamp_of_rfc_3339_is_let_in(timestamp: str) -> None:
    assert accepted(sample(timestamp=timestamp))


@pytest.mark.parametrize("timestamp", BAD, ids=lambda text: ascii(text)[:40])
def test_another_time_stamp_is_refused(timestamp: str) -> None:
    assert faults(refused(sample(timestamp=timestamp))) == [(0, "/timestamp", "invalid_timestamp")]
    mixed = array(sample(), sample(timestamp=timestamp), sample())
    assert faults(refused(mixed)) == [(1, "/1/timestamp", "invalid_timestamp")]


def test_the_rule_that_is_broken_is_told() -> None:
    assert "RFC 3339" in refused(sample(timestamp="2025-10-21 10:00:00Z")).detail
    assert "a day that exists" in refused(sample(timestamp="2025-02-30T10:00:00Z")).detail
    assert "1970 to 9999" in refused(sample(timestamp="1969-12-31T23:59:59Z")).detail


@st.composite
def timestamps(draw: st.DrawFn) -> tuple[str, datetime]:
    """Draw a legal text and, worked out apart from any parser, its instant."""
    wall = draw(st.datetimes(datetime(1970, 1, 3), datetime(9999, 12, 29)))
    digits = draw(st.integers(0, 30))
    kept = 10 ** max(0, 6 - digits)
    wall = wall.replace(microsecond=wall.microsecond // kept * kept)
    minutes = draw(st.integers(-959, 959) | st.just(0))
    sign = "-" if minutes < 0 else draw(st.sampled_from("+-")) if minutes == 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    offset = (
        draw(st.sampled_from("Zz")) if not minutes and draw(st.booleans()) else f"{sign}{hours:02}:{rest:02}"
    )
    fraction = f".{wall.microsecond:06}{'9' * 24}"[: digits + 1] if digits else ""
    text = f"{wall:%Y-%m-%d}{draw(st.sampled_from('Tt'))}{wall:%H:%M:%S}{fraction}{offset}"
    return text, wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))


def cut_by(postgres: psycopg.Connection, text: str) -> datetime:
    """Return what PostgreSQL reads, which would round to the microsecond, in a text that is cut there."""
    cut = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)
    row = postgres.execute("SELECT %s::timestamptz", (cut,)).fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


@settings(max_examples=400, deadline=None)
@given(timestamps())
def test_what_is_let_in_postgresql_reads_as_the_same_instant(
    postgres: psycopg.Connection, drawn: tuple[str, datetime]
) -> None:
    text, instant = drawn
    assert accepted(sample(timestamp=text))
    assert as_moment(text) == instant
    assert cut_by(postgres, text) == instant.astimezone(UTC)


MUTATIONS = "0123456789TtZz:+-. ,\nWeE/\u00b2\u0660"


@settings(max_examples=500, deadline=None)
@given(timestamps(), st.integers(0, 40), st.integers(0, 2), st.text(MUTATIONS, max_size=2))
def test_a_mutated_time_stamp_is_refused_or_postgresql_reads_it(
    postgres: psycopg.Connection, drawn: tuple[str, datetime], at: int, cut: int, put: str
) -> None:
    text = drawn[0][:at] + put + drawn[0][at + cut :]
    try:
        parse(sample(timestamp=text), ndjson=False, limits=LIMITS)
    except Refused:
        return
    assert cut_by(postgres, text) == as_moment(text)
