import pytest

from eventlog.intake import PublishLimits
from tests.eventlog.intake.samples import accepted, array, faults, lenient, refused, sample

SIZE = len(sample())
LIMITS = PublishLimits(event_bytes=SIZE, body_bytes=8 << 20, batch_events=3)


def test_the_limits_are_inclusive() -> None:
    limits = PublishLimits(event_bytes=SIZE, body_bytes=SIZE, batch_events=1)
    assert accepted(sample(), limits=limits) == [sample()]
    assert accepted(array(*[sample()] * 3), limits=LIMITS) == [sample()] * 3
    assert accepted(b"\n\n\n\n".join([sample()] * 3), ndjson=True, limits=LIMITS) == [sample()] * 3


def test_a_body_over_the_limit_is_too_large() -> None:
    limits = PublishLimits(event_bytes=SIZE, body_bytes=SIZE, batch_events=1)
    refusal = refused(sample() + b" ", limits=limits)
    assert (refusal.kind, refusal.code) == ("too_large", "body_too_large")


@pytest.mark.parametrize("element", [sample(), b"1", b"[1,2]", b'{"a":"],["}'])
def test_a_batch_over_the_limit_is_too_large(element: bytes) -> None:
    for body, ndjson in (
        (array(*[element] * 4), False),
        (b'{"events":' + array(*[element] * 4) + b"}", False),
        (b"\n".join([element] * 4), True),
    ):
        refusal = refused(body, ndjson=ndjson, limits=LIMITS)
        assert (refusal.kind, refusal.code) == ("too_large", "batch_too_large")
        assert refused(body, ndjson=ndjson, limits=LIMITS, lenient=True).code == "batch_too_large"
    assert refused(array(*[element] * 3, b"}"), limits=LIMITS).code == "invalid_json"


def test_an_event_over_the_limit_is_too_large() -> None:
    large = sample(payload={"amount": 5000000})
    refusal = refused(array(sample(), large), limits=LIMITS)
    assert (refusal.kind, refusal.code) == ("too_large", "event_too_large")
    assert faults(refusal) == [(1, "/1", "event_too_large")]
    assert faults(refused(large, limits=LIMITS)) == [(0, "", "event_too_large")]


def test_leniently_an_event_over_the_limit_is_rejected_alone() -> None:
    large = sample(payload={"amount": 5000000})
    intake = lenient(array(large, sample()), limits=LIMITS)
    assert [event.raw for event in intake.events] == [sample()]
    assert [(fault.index, fault.code) for fault in intake.rejected] == [(0, "event_too_large")]
