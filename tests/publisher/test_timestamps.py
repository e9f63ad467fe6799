"""Time stamps as real systems write them: right, or none; never a number out of the text."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.ship.times.layout import TimeFormat, compiled
from publisher.ship.times.lines import FileLines
from publisher.ship.times.moments import in_contract
from publisher.ship.times.values import read_time
from publisher.ship.times.zones import ABBREVIATIONS, SEVERAL
from tests.publisher.desk import Desk, at_desk

CHANGED = datetime(2025, 10, 22, tzinfo=UTC)
CASES = [
    json.loads(line)
    for name in ("time_lines.ndjson", "program_lines.ndjson")
    for line in (Path(__file__).parent / name).read_bytes().splitlines()
]


def read(*lines: str, zone: str = "UTC", changed: datetime = CHANGED) -> list[str | None]:
    """Read the lines of a file."""
    encoded = [line.encode() for line in lines]
    one = FileLines(ZoneInfo(zone), TimeFormat())

    def stamps(layout: Any) -> list[dict[str, Any]]:
        found = (compiled(layout).match(line) for line in encoded)
        return [match.groupdict() for match in found if match]

    one.learn(b"".join(line + b"\n" for line in encoded), changed, stamps)
    return [one.time_of(line) for line in encoded]


def days(*lines: str, **flags: Any) -> list[str | None]:
    return [time and time[:10] for time in read(*lines, **flags)]


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_a_line_of_a_real_system_has_its_time_or_none(case: dict[str, str]) -> None:
    (found,) = read(case["line"])
    written = "NONE"
    if found is not None:
        written = datetime.fromisoformat(found).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert written in case["right"].split("|")


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("2015-10-18 18:01:47,978 INFO [main] x", "2015-10-18T18:01:47.978Z"),
        ("2015-07-29 17:41:44,747 - INFO  [x] - y", "2015-07-29T17:41:44.747Z"),
        ("[Fri Sep 09 10:42:29.902022 2011] [core:error] x", "2011-09-09T10:42:29.902022Z"),
        ("081109 203615 148 INFO dfs.DataNode: x", "2008-11-09T20:36:15.000Z"),
        ("17/06/09 20:10:40 INFO executor: x", "2017-06-09T20:10:40.000Z"),
        ("20171224-1:2:0:35|Step_LSC|3|x", "2017-12-24T01:02:00.035Z"),
        ('::1 - bob [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1', "2000-10-10T20:55:36.000Z"),
        ("Sun, 04 Dec 2005 04:47:44 +0000 x", "2005-12-04T04:47:44.000Z"),
        ("type=CWD msg=audit(1364481363.243:24287): x", "2013-03-28T14:36:03.243Z"),
        ("2025-10-21-10.00.00.123456+120 I1234 LEVEL: Info", "2025-10-21T08:00:00.123456Z"),
        ('{"time":null,"date":"2025-10-21T10:00:00Z"}', "2025-10-21T10:00:00.000Z"),
        ('{"seconds":1,"instant":{"seconds":1761040800,"nanos":5000}}', "2025-10-21T10:00:00.000005Z"),
    ],
)
def test_a_stamp_is_found(line: str, moment: str) -> None:
    assert read(line) == [moment]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no time at all",
        "version 1.2.3 listens on port 8080",
        "2025-02-30 00:00:00 no such day",
        "2025-10-21 25:00:00 no such hour",
        "10.251.73.220:50010 is added to blk_7128370237687728475 size 67108864",
        "copied 1073741824 bytes",
        "build 1234567890",
        "next run: 2099-01-01 00:00:00",
        "certificate valid until 2031-01-01 00:00:00",
        "released 2025-10-21 10:00:00 by root",
        "{not json",
        '{"ts":true}',
        '{"ts":1e300}',
        '{"ts":12.5}',
        "1969-12-31 23:00:00 before the contract's first year",
    ],
)
def test_what_is_no_stamp_is_not_taken_for_one(line: str) -> None:
    assert read(line) == [None]


def test_a_comma_that_separates_fields_begins_no_fraction() -> None:
    for behind in ("001801000001,TRAFFIC", "5,started", "12,x,123"):
        assert read(f"2025-10-21 10:00:00,{behind}") == ["2025-10-21T10:00:00.000Z"]
    for behind in ("123,INFO", "5 INFO", "123456,x"):
        assert read(f"2025-10-21 10:00:00,{behind}") != ["2025-10-21T10:00:00.000Z"]


def test_a_number_in_one_line_never_wins_over_the_stamp_of_another() -> None:
    lines = ("build 1234567890", "2025-10-21 10:00:00,123 INFO user 1666666666 in")
    assert read(*lines) == [None, "2025-10-21T10:00:00.123Z"]


def test_numbers_at_the_beginning_of_every_line_are_no_times() -> None:
    assert read("1234567890,shipped", "2234567890,shipped", "1334567890,shipped") == [None] * 3


def test_a_word_is_the_time_if_it_is_in_nearly_every_line_and_runs_forward() -> None:
    lines = [f"{134_681 + n} node-{n} unix.hw state_change {1_077_804_742 + n} 1 x" for n in range(20)]
    assert read(*lines)[0] == "2004-02-26T14:12:22.000Z"
    assert read(*[f"order {2_000_000_000 - n * n} of today" for n in range(20)]) == [None] * 20


def test_where_stamps_stand_at_the_beginning_one_further_right_is_part_of_the_text() -> None:
    lines = (
        "2025-10-21 10:00:00 ERROR x",
        "Caused by: no data since 2025-01-01 00:00:00",
        "  at 2025-01-01 00:00:00",
    )
    assert read(*lines)[1:] == [None, None]


def test_two_formats_in_one_file_are_both_read() -> None:
    lines = ("2025-10-21 10:00:00,5 INFO a", "Oct 21 10:00:02 host b") * 3
    assert None not in read(*lines)


def test_a_zone_that_means_several_is_said_and_settled_by_the_given_one() -> None:
    for zone, found in (("Europe/London", "09"), ("UTC", None)):
        (time,) = read("2025-07-21 10:00:00.000 BST [1] LOG:  x", zone=zone)
        assert (time and time[11:13]) == found
    assert read("2025-07-21 10:00:00 IST x", zone="Asia/Kolkata") == ["2025-07-21T04:30:00.000Z"]
    assert read("2025-07-21 10:00:00 CST x", zone="Asia/Shanghai") == ["2025-07-21T02:00:00.000Z"]


def test_the_table_of_zones_agrees_with_the_system_s() -> None:
    for place in (
        "Europe/Berlin",
        "America/New_York",
        "America/Los_Angeles",
        "Asia/Tokyo",
        "Australia/Sydney",
    ):
        for month in (1, 7):
            moment = datetime(2025, month, 1, tzinfo=ZoneInfo(place))
            name, offset = moment.tzname(), moment.utcoffset()
            assert name is not None
            assert name not in SEVERAL
            assert timedelta(hours=float(ABBREVIATIONS[name])) == offset


def test_the_hour_that_comes_twice_is_told_by_the_order() -> None:
    lines = [
        f"2025-10-26 {clock} x" for clock in ("02:00:00", "02:59:59", "02:00:00", "02:30:00", "03:00:00")
    ]
    hours = [
        time and time[11:19]
        for time in read(*lines, zone="Europe/Berlin", changed=datetime(2025, 10, 27, tzinfo=UTC))
    ]
    assert hours == ["00:00:00", "00:59:59", "01:00:00", "01:30:00", "02:00:00"]


def test_years_that_are_not_written_are_told_by_the_last_change_and_the_order() -> None:
    changed = datetime(2025, 10, 1, 12, tzinfo=UTC)
    assert days("Jan 10 00:00:00 a", "Sep 12 00:00:00 a", "Oct  1 00:00:00 a", changed=changed) == [
        "2025-01-10",
        "2025-09-12",
        "2025-10-01",
    ]
    assert days(
        "Dec 30 23:00:00 a",
        "Jan  1 00:00:01 b",
        "Dec 31 23:59:59 late",
        "Jan  2 00:00:00 c",
        changed=datetime(2025, 1, 5, tzinfo=UTC),
    ) == [
        "2024-12-30",
        "2025-01-01",
        "2024-12-31",
        "2025-01-02",
    ]
    assert days("Feb 28 00:00:00 a", "Feb 29 00:00:00 b", changed=datetime(2026, 3, 1, tzinfo=UTC)) == [
        "2024-02-28",
        "2024-02-29",
    ]
    assert days("Tue Oct 21 10:00:00 host x", changed=datetime(2027, 1, 1, tzinfo=UTC)) == ["2025-10-21"]


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        (["10/11/24 12:00:00 x", "13/11/24 12:00:00 x"], "2024-11-10"),
        (["10/11/24 12:00:00 x", "10/13/24 12:00:00 x"], "2024-10-11"),
        (["10/11/24 12:00:00 x"], None),
        (["01/02/2025 10:00:00 x", "01/03/2025 10:00:00 x", "01/04/2025 10:00:00 x"], "2025-01-02"),
        (["01.02.2025 10:00:00 x"], "2025-02-01"),
        (["21/10/25 10:00:00 x"], "2025-10-21"),
        (["25/10/21 10:00:00 x"], "2025-10-21"),
    ],
)
def test_day_and_month_are_told_apart_by_the_whole_file_or_not_at_all(
    lines: list[str], first: str | None
) -> None:
    assert days(*lines)[0] == first


def test_day_and_month_are_told_apart_by_the_last_change() -> None:
    line = "[10/11/24 12:00:00:123 EST] 0000004f x"
    assert read(line, changed=datetime(2024, 11, 10, 18, tzinfo=UTC)) == ["2024-11-10T17:00:00.123Z"]
    assert read(line, changed=datetime(2024, 10, 11, 18, tzinfo=UTC)) == ["2024-10-11T17:00:00.123Z"]


def test_a_follower_takes_the_year_from_the_clock() -> None:
    one = FileLines(UTC, TimeFormat())
    now = datetime.now(UTC)
    line = now.strftime("%b %d %H:%M:%S").encode() + b" host x"
    one.learn(line + b"\n", datetime(2019, 5, 5, tzinfo=UTC), lambda layout: [])
    one.by_clock = True
    found = one.time_of(line)
    assert found is not None
    assert found[:4] == str(now.year)


def test_a_line_without_a_time_bears_when_it_was_read_or_the_file_changed(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "app.log").write_bytes(b"no time\n")
        os.utime(path, (1_500_000_000,) * 2)
        report = await desk.ship(path)
        assert report.total("without_time") == 1
        started = time.time()
        with path.open("ab") as file:
            file.write(b"nor here\n")
        await desk.ship(path)
        (tmp_path / "other.log").write_bytes(b"x\n")
        os.utime(tmp_path / "other.log", (1_500_000_000,) * 2)
        async with desk.following(tmp_path / "other.log"):
            await desk.until("no time", "nor here", "x")
        moments = [datetime.fromisoformat(str(event["timestamp"])).timestamp() for event in desk.peer.events]
        marks = [event["payload"]["time_from"] for event in desk.peer.events]  # type: ignore[index]
        assert moments[0] == 1_500_000_000
        assert min(moments[1:]) > started - 2
        assert marks == ["file", "file", "read"]

    at_desk(tmp_path, use)


moments = st.datetimes(datetime(1974, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@given(moments)
def test_every_in_contract_time_is_read_back_as_the_same_moment(moment: datetime) -> None:
    text = read_time(moment.isoformat(), UTC)
    assert text is not None
    assert datetime.fromisoformat(text) == moment
    assert text == in_contract(moment)


@given(st.integers(10**8, 2 * 10**9), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_numbers_are_seconds_or_finer(seconds: int, unit: int) -> None:
    expected = in_contract(datetime.fromtimestamp(seconds, UTC))
    assert read_time(seconds * unit, UTC) == expected


@given(st.text(max_size=60))
def test_no_text_is_an_error(line: str) -> None:
    read(line.replace("\n", ""))
    read_time(line, UTC)


@example(float("nan"))
@example(float("inf"))
@given(st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.lists(st.integers())))
def test_no_value_is_an_error(value: object) -> None:
    read_time(value, UTC)
