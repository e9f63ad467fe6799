"""What a key may do: verbs and patterns of topics."""

import pytest

from eventlog.errors import SettingsError
from eventlog.keys.publishable import Publishable
from eventlog.keys.scopes import EVERYTHING, VERBS, Scopes, covers, read_scopes


@pytest.mark.parametrize(
    ("wider", "narrower", "does"),
    [
        ("*", "anything", True),
        ("*", "order.*", True),
        ("order.*", "order.created", True),
        ("order.*", "order.", True),
        ("order.*", "order.eu.*", True),
        ("order.*", "order", False),
        ("order.*", "orders.created", False),
        ("order.*", "*", False),
        ("order.eu.*", "order.*", False),
        ("order.created", "order.created", True),
        ("order.created", "order.created.late", False),
        ("order.created", "order.create*", False),
    ],
)
def test_a_pattern_covers_topics_and_narrower_patterns(wider: str, narrower: str, does: bool) -> None:
    assert covers(wider, narrower) is does


def test_a_verb_alone_is_about_all_topics() -> None:
    scopes = read_scopes(["publish", "read:order.*", "sql"])
    assert scopes.texts() == ["publish:*", "read:order.*", "sql"]
    assert scopes.cover("publish", "whatever")
    assert not scopes.cover("read", "whatever")
    assert scopes.allow("sql")
    assert not scopes.allow("operate")
    assert not scopes.allow("subscribe")


def test_what_another_pattern_covers_is_left_out() -> None:
    assert read_scopes(["read:a.*", "read:*", "read:a.b"]).patterns("read") == ("*",)
    assert read_scopes(["read:a.b", "read:a.*", "read:c"]).patterns("read") == ("a.*", "c")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("publsh", "the verbs are publish"),
        ("", "the verbs are publish"),
        ("sql:order.*", "without a pattern"),
        ("read:", "1 to 255 bytes"),
        ("read:a*b", "has no \\*"),
        ("read:a**", "has no \\*"),
        ("publish:$audit", "reserved"),
        ("publish: x", "white space"),
    ],
)
def test_a_scope_that_is_none_is_refused_with_the_rule(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_scopes([text])


def test_a_key_has_some_scopes_and_not_too_many() -> None:
    with pytest.raises(SettingsError, match="may do nothing"):
        read_scopes([])
    with pytest.raises(SettingsError, match="at most 100"):
        read_scopes([f"read:topic{number}" for number in range(101)])


def test_who_may_something_includes_who_may_less() -> None:
    some = read_scopes(["publish:order.*", "read:order.eu.*"])
    assert EVERYTHING.include(some)
    assert read_scopes(["publish", "read:order.*"]).include(some)
    assert not some.include(read_scopes(["publish:order.*", "read:order.*"]))
    assert not some.include(EVERYTHING)
    assert set(VERBS) == {scope.verb for scope in EVERYTHING.scopes}


@pytest.mark.parametrize(
    ("scopes", "source", "prefix", "topic", "event_source", "fields"),
    [
        (["publish"], None, None, "a", "s", []),
        (["publish:a.*"], None, None, "a.b", "s", []),
        (["publish:a.*"], None, None, "b", "s", ["topic"]),
        (["publish"], None, "a.", "a.b", "s", []),
        (["publish"], None, "a.", "b", "s", ["topic"]),
        (["publish:a.*"], None, "a.b", "a.c", "s", ["topic"]),
        (["publish"], "s", None, "a", "s", []),
        (["publish"], "s", None, "a", "t", ["source"]),
        (["publish:a.*"], "s", None, "b", "t", ["topic", "source"]),
    ],
)
def test_a_key_publishes_to_its_topics_and_as_its_source(
    scopes: list[str],
    source: str | None,
    prefix: str | None,
    topic: str,
    event_source: str,
    fields: list[str],
) -> None:
    rule = Publishable(read_scopes(scopes), source, prefix)
    assert [field for field, _ in rule.flaws(topic, event_source)] == fields
    assert rule.allows([topic], [event_source]) is (not fields)


def test_nothing_is_in_scopes_that_are_none() -> None:
    assert not any(Scopes([]).allow(verb) for verb in VERBS)
