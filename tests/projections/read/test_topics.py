"""Which topics a pattern means."""

from hypothesis import given
from hypothesis import strategies as st

from eventlog.intake.fields import topic_flaw
from eventlog.log.partitions import partition_of
from projections.read import EVERY_TOPIC, topics_like

topics = st.text(min_size=1, max_size=60).filter(lambda text: _encodes(text) and topic_flaw(text) is None)


def _encodes(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


@given(topics, topics)
def test_a_prefix_means_just_the_topics_that_begin_with_it(prefix: str, topic: str) -> None:
    chosen = topics_like(f"{prefix}*")
    for candidate in (topic, prefix, prefix + topic):
        # Text in PostgreSQL's C collation is ordered by its bytes.
        within = chosen.low.encode() <= candidate.encode() < chosen.high.encode()
        assert within == candidate.startswith(prefix)


@given(topics, topics)
def test_a_topic_means_itself(wanted: str, topic: str) -> None:
    chosen = topics_like(wanted)
    for candidate in (topic, wanted, wanted + topic):
        within = chosen.low.encode() <= candidate.encode() < chosen.high.encode()
        assert within == (candidate == wanted)
    assert chosen.partitions(8) == [partition_of(wanted, 8)]


@given(topics)
def test_every_topic_is_every_topic(topic: str) -> None:
    assert topics_like("*") == EVERY_TOPIC
    assert EVERY_TOPIC.low.encode() <= topic.encode() < EVERY_TOPIC.high.encode()
    assert EVERY_TOPIC.partitions(3) == [0, 1, 2]
