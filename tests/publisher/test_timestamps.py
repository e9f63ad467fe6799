"""Time stamps as real systems write them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.ship.timestamps import TimeFinder, TimeFormat, in_contract, read_time

CHANGED = datetime(2025, 10, 21, 12, 0, tzinfo=UTC)


def find(line: str, zone: str = "UTC") -> str | None:
    return TimeFinder(ZoneInfo(zone), CHANGED).find(line)


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("2015-10-18 18:01:47,978 INFO [main] x", "2015-10-18T18:01:47.978Z"),
        ("2015-07-29 17:41:44,747 - INFO  [x] - y", "2015-07-29T17:41:44.747Z"),
        ("2025-10-21T10:00:00Z started", "2025-10-21T10:00:00.000Z"),
        ("2025-10-21T10:00:00.123456789+05:30 stdout F x", "2025-10-21T04:30:00.123456Z"),
        ("2025-10-21 10:00:00.5 +0200 x", "2025-10-21T08:00:00.500Z"),
        ("2025-10-21 10:00:00.000 UTC [12] LOG:  x", "2025-10-21T10:00:00.000Z"),
        ("2025-10-21 10:00:00 -10 items", "2025-10-21T10:00:00.000Z"),
        ("2025/10/21 10:00:00 [error] 1#0: x", "2025-10-21T10:00:00.000Z"),
        ("<34>1 2003-10-11T22:14:15.003Z host su - x", "2003-10-11T22:14:15.003Z"),
        ("[Sun Dec 04 04:47:44 2005] [notice] x", "2005-12-04T04:47:44.000Z"),
        ("[Fri Sep 09 10:42:29.902022 2011] [core:error] x", "2011-09-09T10:42:29.902022Z"),
        ("- 1117838570 2005.06.03 R02 2005-06-03-15.42.50.675872 R02 RAS", "2005-06-03T15:42:50.675872Z"),
        ("081109 203615 148 INFO dfs.DataNode: x", "2008-11-09T20:36:15.000Z"),
        ("17/06/09 20:10:40 INFO executor: x", "2017-06-09T20:10:40.000Z"),
        ("20171223-22:15:29:606|Step_LSC|3|x", "2017-12-23T22:15:29.606Z"),
        ("20171224-1:2:0:35|Step_LSC|3|x", "2017-12-24T01:02:00.035Z"),
        ("20251021T100000.25Z x", "2025-10-21T10:00:00.250Z"),
        ("Jun 14 15:16:01 combo sshd: x", "2025-06-14T15:16:01.000Z"),
        ("Jun  4 15:16:01 combo sshd: x", "2025-06-04T15:16:01.000Z"),
        ("I0614 15:16:01.678901       1 main.go:1] x", "2025-06-14T15:16:01.678901Z"),
        ('::1 - bob [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1', "2000-10-10T20:55:36.000Z"),
        ("21-Oct-2025 10:00:00.123 INFO [main] x", "2025-10-21T10:00:00.123Z"),
        ("Sun, 04 Dec 2005 04:47:44 +0000 x", "2005-12-04T04:47:44.000Z"),
        ("Oct 21, 2025 3:04:05 PM org.x", "2025-10-21T15:04:05.000Z"),
        ("Oct 21, 2025 12:04:05 AM org.x", "2025-10-21T00:04:05.000Z"),
        ("134681 node-246 unix.hw state_change 1077804742 1 x", "2004-02-26T14:12:22.000Z"),
        ("type=CWD msg=audit(1364481363.243:24287): x", "2013-03-28T14:36:03.243Z"),
        ("1700000000123 x", "2023-11-14T22:13:20.123Z"),
        ('{"level":"info","ts":1700000000.5}', "2023-11-14T22:13:20.500Z"),
        ('{"@timestamp":"2025-10-21T10:00:00+02:00","m":"x"}', "2025-10-21T08:00:00.000Z"),
        ('{"time":null,"date":"2025-10-21T10:00:00Z"}', "2025-10-21T10:00:00.000Z"),
        ("2025-10-21T23:59:60Z a leap second", "2025-10-21T23:59:59.000Z"),
    ],
)
def test_a_stamp_is_found(line: str, time: str) -> None:
    assert find(line) == time


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no time at all",
        "version 1.2.3 listens on port 8080",
        "2025-02-30 00:00:00 no such day",
        "2025-10-21 25:00:00 no such hour",
        "10.251.73.220:50010 is added to blk_7128370237687728475 size 67108864",
        "session 0x14f05578bd8000f, 10 of 12",
        "{not json",
        '{"ts":true}',
        '{"ts":1e300}',
        "1969-12-31 23:00:00 before the contract's first year",
    ],
)
def test_what_is_no_stamp_is_not_taken_for_one(line: str) -> None:
    assert find(line) is None


def test_a_stamp_without_a_zone_is_in_the_zone_that_was_given() -> None:
    assert find("2025-07-01 12:00:00 x", "Europe/Berlin") == "2025-07-01T10:00:00.000Z"
    assert find("2025-01-01 12:00:00 x", "Europe/Berlin") == "2025-01-01T11:00:00.000Z"
    assert find("2025-01-01 12:00:00Z x", "Europe/Berlin") == "2025-01-01T12:00:00.000Z"


def test_a_year_that_is_not_written_turns_between_december_and_january() -> None:
    finder = TimeFinder(UTC, datetime(2025, 1, 5, tzinfo=UTC))
    lines = ["Dec 30 23:00:00 a", "Jan  1 00:00:01 b", "Dec 31 23:59:59 late", "Jan  2 00:00:00 c"]
    years = [(finder.find(line) or "")[:7] for line in lines]
    assert years == ["2024-12", "2025-01", "2024-12", "2025-01"]


def test_a_file_is_never_from_the_future() -> None:
    finder = TimeFinder(UTC, datetime(2025, 1, 5, tzinfo=UTC))
    for line in ("Dec 10 00:00:00 a", "Jan 3 00:00:00 b", "Dec 10 00:00:00 c", "Jan 3 00:00:00 d"):
        time = finder.find(line)
        assert time is not None
        assert time < "2025-01-07"


def test_where_stamps_stand_at_the_beginning_one_further_right_is_part_of_the_text() -> None:
    finder = TimeFinder(UTC, CHANGED)
    assert finder.find("2025-10-21 10:00:00 ERROR x")
    assert finder.lines_begin_with_stamps
    assert finder.find("Caused by: no data since 2025-01-01 00:00:00") is None
    assert finder.find("  at 2025-01-01 00:00:00") is None
    assert finder.find("Oct 21 10:00:02 another format at the beginning") == "2025-10-21T10:00:02.000Z"


def test_what_was_learnt_can_be_handed_on() -> None:
    first = TimeFinder(UTC, CHANGED)
    first.find("Jun 14 15:16:01 x")
    second = TimeFinder(UTC, CHANGED, first.format)
    assert second.format == TimeFormat(pattern="syslog", anchored=True, year=2025, month=6)
    assert second.lines_begin_with_stamps


moments = st.datetimes(
    datetime(1970, 1, 2),
    datetime(9999, 12, 30),
    timezones=st.just(UTC)
    | st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-900, 900)),
)


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
    assert read_time(str(seconds * unit), UTC) == expected


@given(st.text(max_size=60))
def test_no_text_is_an_error(line: str) -> None:
    TimeFinder(UTC, CHANGED).find(line)
    read_time(line, UTC)


@given(st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.lists(st.integers())))
def test_no_value_is_an_error(value: object) -> None:
    read_time(value, UTC)
