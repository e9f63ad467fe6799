"""What may stand in a JSON text, beyond the grammar: UTF-8, escapes, numbers, depth.

msgspec checks the grammar, also of what it leaves as `Raw`, and in passing lets through what PostgreSQL's
`jsonb` cannot hold: bytes that are no UTF-8, the escape of NUL, numbers beyond `numeric`. `is_harmless`
clears a whole body in a few passes at memory speed and errs only on the side of doubt; `flaw` is exact, for
one event. Both take time linear in the text, whatever is in it.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

WHITE_SPACE = b" \t\n\r"


class Flaw(NamedTuple):
    """A reason to refuse a text: a stable code, and the rule in words."""

    code: str
    detail: str


NUL_CHARACTER = Flaw("nul_character", r"the character NUL (\u0000) cannot be stored: leave it out")
LONE_SURROGATE = Flaw("lone_surrogate", "half of a UTF-16 surrogate pair stands alone in an escape")
NUMBER_OUT_OF_RANGE = Flaw(
    "number_out_of_range",
    "a number has at most 131072 digits before the decimal point and 16383 after it, its exponent applied",
)


def encoding_flaw(body: bytes) -> Flaw | None:
    """Return what is wrong with the encoding; None for UTF-8 without a byte order mark."""
    if body.isascii() and b"\0" not in body[:4]:
        return None
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return Flaw("invalid_encoding", "the body begins with a byte order mark; send UTF-8 without one")
    # JSON begins with an ASCII character, so a zero so early is one half of a wider unit.
    if b"\0" in body[:4]:
        return Flaw("invalid_encoding", "the body looks like UTF-16 or UTF-32; send UTF-8")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return Flaw("invalid_utf8", f"byte {error.start} of the body is not UTF-8")
    return None


# Brackets become [ , digits and signs 0, both e's e. So one needle finds every long exponent, and others.
_OUTLINE = bytes(
    ord("[") if c in b"[{" else ord("0") if c in b"0123456789+-" else ord("e") if c in b"eE" else c
    for c in range(256)
)
# With fewer than 5 digits of exponent and runs of fewer than 6,000 digits, no number comes near a limit.
_LONG_EXPONENT = b"0e00000"
_LONG_RUN = 6_000
_END_OF_NUMBER = re.compile(rb"0*+(?:[],}\s\0]|\Z)")
# A byte that no JSON text has.
_BETWEEN = b"\0"
_NOT_OPENING = bytes(c for c in range(256) if c not in b"[" + _BETWEEN)


def is_harmless(parts: Sequence[bytes], depth: int) -> bool:
    """Say that no part can have a flaw, but for its escapes. False proves nothing: look at each.

    Args:
        parts: objects.
        depth: how deeply arrays and objects may be nested.
    """
    outline = _BETWEEN.join(parts).translate(_OUTLINE)
    if _may_hold_large_number(outline, max(map(len, parts))):
        return False
    # count() takes three times as long as replace().
    opening = len(outline) - len(outline.replace(b"[", b""))
    # Each of the other parts has at least one.
    if opening - (len(parts) - 1) <= depth:
        return True
    return b"[" * (depth + 1) not in outline.translate(None, _NOT_OPENING)


def _may_be_deeper(text: bytes, depth: int) -> bool:
    return text.count(b"{") + text.count(b"[") > depth


def _may_hold_large_number(outline: bytes, longest: int) -> bool:
    if longest > _LONG_RUN and b"0" * _LONG_RUN in outline:
        return True
    at = outline.find(_LONG_EXPONENT)
    while at >= 0:
        # Hexadecimal in strings, as in UUIDs, looks the same but for what follows.
        end = at + len(_LONG_EXPONENT)
        if _END_OF_NUMBER.match(outline, end):
            return True
        at = outline.find(_LONG_EXPONENT, end)
    return False


def flaw(event: bytes, depth: int) -> Flaw | None:
    """Return why jsonb, or our limit of depth, cannot take one event; exact.

    The event must be JSON; lone surrogates may be in it.
    """
    found = escape_flaw(event)
    if found is None and _may_be_deeper(event, depth) and depth_of(event) > depth:
        found = Flaw("too_deep", f"arrays and objects nest deeper than {depth} levels")
    if found is None and _may_hold_large_number(event.translate(_OUTLINE), len(event)):
        found = _number_flaw(event)
    return found


# An escaped backslash may stand before a plain "u0000". Overwritten by another escape of the same length,
# it cannot be taken for the beginning of one, and what was no JSON before is none after.
_ESCAPED_BACKSLASH = (b"\\\\", b"\\n")
_LONE_SURROGATE = re.compile(
    rb"\\u[dD](?:"
    rb"[89abAB]..(?!\\u[dD][c-fC-F])|"
    rb"[c-fC-F]..(?<!\\u[dD][89abAB]..\\u[dD][c-fC-F]..))",
    re.DOTALL,
)


def escape_flaw(text: bytes) -> Flaw | None:
    r"""Return what is wrong with the \u escapes of a JSON text, in strings as in keys."""
    if b"\\u" not in text:
        return None
    escapes = text.replace(*_ESCAPED_BACKSLASH)
    if b"\\u0000" in escapes:
        return NUL_CHARACTER
    return LONE_SURROGATE if _LONE_SURROGATE.search(escapes) else None


def without_lone_surrogates(text: bytes) -> bytes:
    """Return a text of the same length and structure, whose lone surrogates do not trouble a parser."""
    if b"\\u" not in text:
        return text
    # By a function, between two calls of which others get their turns.
    return _LONE_SURROGATE.sub(lambda _: rb"\uFFFD", text.replace(*_ESCAPED_BACKSLASH))


# Possessive throughout: a string that does not end is taken whole, and nothing is looked at twice.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
# Strings and what is between them. Cut after this many, so that a text of millions of strings is never in
# memory as that many pieces.
_STRETCH = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+"?){1,20000}+', re.DOTALL)
_NOT_STRUCTURE = bytes(c for c in range(256) if c not in b"[]{},")
_NOT_BRACKETS = bytes(c for c in range(256) if c not in b"[]{}")
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def _outside_strings(text: bytes) -> Iterator[bytes]:
    """Yield a text without its strings, in parts; no number is cut."""
    for stretch in _STRETCH.finditer(text):
        yield _STRING.sub(b"", stretch[0])


def depth_of(text: bytes) -> int:
    """Return how deep arrays and objects nest: 1 for `{}`."""
    parts = (part.translate(_STEPS, _NOT_BRACKETS) for part in _outside_strings(text))
    return max(accumulate(array("b", b"".join(parts))), default=0)


def has_more_elements(text: bytes, limit: int) -> bool:
    """Say whether an array has more than `limit` elements, without making any."""
    if text.count(b",") < limit:
        return False
    depth = commas = 0
    for part in _outside_strings(text):
        for character in part.translate(None, _NOT_STRUCTURE):
            if character != 0x2C:  # ,
                depth += 1 if character in b"[{" else -1
            elif depth == 1:
                commas += 1
                if commas == limit:
                    return True
    return False


_NUMBER = re.compile(rb"([0-9]++)(?:\.([0-9]++))?+(?:[eE]([+-]?[0-9]++))?+")


def _number_flaw(text: bytes) -> Flaw | None:
    for number in chain.from_iterable(map(_NUMBER.finditer, _outside_strings(text))):
        whole, fraction, exponent = number.groups(b"")
        if not _fits_numeric(whole, fraction, exponent):
            return NUMBER_OUT_OF_RANGE
    return None


# PostgreSQL's numeric, found by trying 15 and 18: NUMERIC_WEIGHT_MAX and NUMERIC_DSCALE_MAX in
# src/backend/utils/adt/numeric.c. The scale counts the digits as written, also those of a zero.
_FIRST_DIGIT_MAX = 131_071
_SCALE_MAX = 16_383
# Beyond it, not even 0e… is taken; 15 takes this very number, 18 does not.
_EXPONENT_END = 1_073_741_823
_EXPONENT_DIGITS_MAX = 10


def _fits_numeric(whole: bytes, fraction: bytes, exponent: bytes) -> bool:
    """Say whether whole.fraction × 10^exponent is a numeric."""
    power = exponent.lstrip(b"+-").lstrip(b"0")
    if len(power) > _EXPONENT_DIGITS_MAX:
        return False
    shift = int(power or b"0")
    if shift >= _EXPONENT_END:
        return False
    if exponent.startswith(b"-"):
        shift = -shift
    if len(fraction) - shift > _SCALE_MAX:
        return False
    digits = whole + fraction
    significant = digits.lstrip(b"0")
    first = len(whole) - 1 - (len(digits) - len(significant)) + shift
    return not significant or first <= _FIRST_DIGIT_MAX
