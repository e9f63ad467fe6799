"""Who wants an event is found by topic and prefix, each reader once."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from api.live.frames import SSE, Channel
from api.live.stream_reader import Buffered, StreamReader, Wanted
from api.live.subscribers import Subscribers

names = st.text(alphabet="ab.", max_size=4)
wishes = st.builds(
    Wanted,
    topics=st.frozensets(names, max_size=3),
    prefixes=st.frozensets(names, max_size=3),
    source=st.sampled_from([None, "s", "z"]),
)


def wants(wanted: Wanted, topic: str, source: str) -> bool:
    """Say by the rule, without an index, whether an event is wanted."""
    return wanted.source in (None, source) and (
        topic in wanted.topics or any(topic.startswith(prefix) for prefix in wanted.prefixes)
    )


@given(wanted=st.lists(wishes, max_size=6), left=st.lists(st.booleans(), min_size=6, max_size=6), topic=names)
def test_exactly_those_who_want_an_event_are_found(
    wanted: Sequence[Wanted], left: list[bool], topic: str
) -> None:
    async def found() -> None:
        subscribers = Subscribers()
        channel = Channel(SSE, (0,))
        readers = [StreamReader(channel, one, 1, Buffered(1)) for one in wanted]
        for reader in readers:
            subscribers.add(reader)
        for reader, gone in zip(readers, left, strict=False):
            if gone:
                subscribers.discard(reader)
                subscribers.discard(reader)
        there = [reader for reader, gone in zip(readers, left, strict=False) if not gone]
        assert subscribers.everybody() == there
        for source in ("s", "t"):
            expected = [reader for reader in there if wants(reader.wanted, topic, source)]
            got = subscribers.of(topic, source)
            assert len(got) == len(expected)
            assert set(got) == set(expected)

    asyncio.run(found())
