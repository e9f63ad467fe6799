"""How much a key may use: what is set, what is left, and who is refused."""

from collections import Counter
from collections.abc import Callable

import pytest

from eventlog.errors import SettingsError
from eventlog.keys.errors import QuotaExceeded
from eventlog.keys.meter import KeyMeter, QuotaStanding
from eventlog.keys.quotas import UNLIMITED, Quotas, changed, require_sound
from eventlog.keys.token_bucket import TokenBucket


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Days:
    """What the log has of a day, as it is told to."""

    def __init__(self) -> None:
        self.counted = 0

    def in_log(self, _key_id: str) -> int:
        return self.counted

    def since(self, _key_id: str, taken: int) -> int:
        return taken

    def seconds_left(self) -> float:
        return 3_600.0


def meter(quotas: Quotas, processes: int = 1) -> tuple[KeyMeter, Clock, Days, Counter[str]]:
    clock, days, refused = Clock(), Days(), Counter[str]()
    made = KeyMeter("0123456789", processes, days, refused, clock)  # type: ignore[arg-type]
    made.change(quotas)
    return made, clock, days, refused


def refused_for(act: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(QuotaExceeded) as refused:
        act()
    return refused.value.quota, refused.value.after_seconds


def test_a_bucket_pays_its_debt_before_it_gives_again() -> None:
    clock = Clock()
    bucket = TokenBucket(10.0, 10.0, clock)
    assert bucket.wait_seconds(1) == 0
    bucket.take(25)
    assert bucket.left() == -15
    assert bucket.wait_seconds(1) == pytest.approx(1.6)
    clock.now = 1.6
    assert bucket.wait_seconds(1) == pytest.approx(0)
    clock.now = 100.0
    assert bucket.left() == 10
    assert bucket.wait_seconds(1_000) == 0


def test_a_rate_holds_however_large_its_batches_are() -> None:
    made, clock, _, refused = meter(Quotas(events_per_second=10))
    taken = 0
    for tenth in range(1_000):
        clock.now = tenth / 10
        try:
            made.admit_publish(100)
        except QuotaExceeded:
            continue
        made.begin_events(7)
        taken += 7
    assert 990 <= taken <= 1_020
    assert refused["events_per_second"] > 0


def test_each_process_has_its_share() -> None:
    made, clock, _, _ = meter(Quotas(events_per_second=2, bytes_per_second=400, streams=3), processes=4)
    made.admit_publish(100)
    assert refused_for(lambda: made.admit_publish(1)) == ("events_per_second", 2)
    clock.now = 2.0
    made.require_publish(0)
    assert list(made.standings())[1] == QuotaStanding("bytes_per_second", 100, 1, 100, 0)
    with made.stream():
        assert refused_for(lambda: made.stream().__enter__()) == ("streams", 5)
    with made.stream():
        pass


def test_bytes_are_taken_by_what_is_announced_and_by_what_comes() -> None:
    made, clock, _, _ = meter(Quotas(bytes_per_second=1_000))
    made.admit_publish(5_000)  # more than there ever is: when all of it is there
    assert refused_for(lambda: made.require_publish(1))[0] == "bytes_per_second"
    clock.now = 4.5
    made.admit_publish(0)  # in chunks
    made.take_bytes(3_000)
    assert refused_for(lambda: made.require_publish(1)) == ("bytes_per_second", 3)


def test_a_quota_of_a_day_counts_what_is_under_way_and_is_sure_of_what_is_in_the_log() -> None:
    made, _, days, _ = meter(Quotas(events_per_day=10))
    assert made.counts_days
    made.admit_publish(1)
    made.begin_events(9)
    made.admit_publish(1)
    made.begin_events(1)
    assert refused_for(lambda: made.require_publish(1)) == ("events_per_day", 1)
    made.give_back_events(1)
    made.require_publish(1)
    days.counted = 10
    assert refused_for(lambda: made.require_publish(1)) == ("events_per_day", 3_600)
    assert list(made.standings()) == [QuotaStanding("events_per_day", 10, 86_400, 0, 3_600)]


def test_seconds_of_statements_are_owed_afterwards() -> None:
    made, clock, _, _ = meter(Quotas(sql_seconds_per_hour=36))
    made.require_statement()
    with made.statement():
        clock.now = 46.0
    assert refused_for(made.require_statement) == ("sql_seconds_per_hour", 1_000)
    clock.now = 46.0 + 1_000
    made.require_statement()


def test_other_quotas_leave_what_was_used_as_it_is() -> None:
    made, _, _, _ = meter(Quotas(events_per_second=10))
    made.admit_publish(1)
    made.begin_events(30)
    made.change(Quotas(events_per_second=20))
    assert refused_for(lambda: made.require_publish(1)) == ("events_per_second", 2)
    made.change(Quotas(bytes_per_second=20))
    made.require_publish(1)
    made.change(UNLIMITED)
    assert list(made.standings()) == []
    assert not made.counts_days


def test_where_nothing_is_enforced_it_is_counted() -> None:
    made, _, _, refused = meter(Quotas(events_per_second=1))
    made.enforced = False
    for _ in range(3):
        made.admit_publish(1)
    assert refused == {"events_per_second": 2}


def test_quotas_include_smaller_ones() -> None:
    some = Quotas(events_per_second=10, streams=2)
    assert UNLIMITED.include(some)
    assert some.include(Quotas(events_per_second=10, streams=1, events_per_day=5))
    assert not some.include(UNLIMITED)
    assert not some.include(Quotas(events_per_second=11, streams=2))
    assert not some.include(Quotas(events_per_second=10))


def test_what_is_not_named_stays() -> None:
    some = Quotas(events_per_second=10, streams=2)
    assert changed(some, {"streams": "none", "events_per_second": None}) == Quotas(events_per_second=10)
    assert changed(some, {"events_per_day": "7"}) == Quotas(events_per_second=10, streams=2, events_per_day=7)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many", "1_000", "٣", "9" * 30])
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        changed(UNLIMITED, {"streams": text})
    with pytest.raises(SettingsError, match="suspend"):
        require_sound(Quotas(streams=0))
