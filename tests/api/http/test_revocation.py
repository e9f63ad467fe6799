"""A key that is revoked or rotated away ends on every API process, also for connections that are open."""

import asyncio

from tests.benchmarks.revocation import LATE_SECONDS_MAX, PROCESSES, first_key, live_and_end
from tests.benchmarks.service import service


def test_no_request_is_accepted_later_than_two_seconds_after_its_keys_end(database: str) -> None:
    settings = {
        "EVENTLOG_AUTH": "required",
        "EVENTLOG_API_PROCESSES": str(PROCESSES),
        "EVENTLOG_ALLOW_UNSAFE_SETTINGS": "true",
    }
    first_key(database)
    with service(database, 0, settings=settings) as up:
        found = asyncio.run(live_and_end(database, up.addresses[0], keys=6, at_once=6))
    assert len(found) == 12
    assert all(each.accepted and 401 in each.statuses for each in found)
    assert set().union(*(each.statuses for each in found)) <= {202, 401}
    assert max(each.late_seconds for each in found) <= LATE_SECONDS_MAX
