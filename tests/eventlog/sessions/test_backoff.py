"""Pauses between attempts to reconnect grow, and end growing."""

from eventlog.sessions.backoff import SECONDS_MAX, pause_seconds


def test_a_first_failure_is_followed_by_a_short_pause() -> None:
    assert 0.04 < pause_seconds(1) <= 0.1


def test_a_server_that_is_away_for_days_is_tried_every_two_seconds_or_sooner() -> None:
    assert SECONDS_MAX / 2 <= pause_seconds(100_000) <= SECONDS_MAX
