"""How a key is written, and what tells that it was not copied whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.keys.form import DIGITS, KEY_LENGTH, make_id, make_key, read_key


def test_a_key_says_what_it_is_and_whose() -> None:
    key_id = make_id()
    text, digest = make_key(key_id)
    assert re.fullmatch(rf"evl_{key_id}_[0-9A-Za-z]{{43}}_[0-9A-Za-z]{{6}}", text)
    assert len(text) == KEY_LENGTH
    assert read_key(text) == (key_id, digest)


def test_no_two_keys_share_a_secret_or_an_id() -> None:
    assert len({make_id() for _ in range(1_000)}) == 1_000
    assert len({make_key("a" * 10)[1] for _ in range(1_000)}) == 1_000


@given(st.integers(0, KEY_LENGTH - 1), st.sampled_from(DIGITS + "_ \n"))
def test_a_character_that_is_another_is_found_without_asking_anybody(place: int, other: str) -> None:
    text, _ = make_key(make_id())
    changed = text[:place] + other + text[place + 1 :]
    assert read_key(changed) is None or changed == text


@pytest.mark.parametrize("text", ["", "evl_", "evl___", "Bearer", "evl_0123456789_x_y", "é" * KEY_LENGTH])
def test_what_is_no_key_is_none(text: str) -> None:
    assert read_key(text) is None


def test_a_key_that_was_cut_or_grew_is_none() -> None:
    text, _ = make_key(make_id())
    assert [read_key(each) for each in (text[:-1], text[1:], f"{text}0", f" {text}", f"{text}\n")] == [
        None
    ] * 5
