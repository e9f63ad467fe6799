"""Data go to standard output, talk to standard error; and nothing in either acts upon a terminal."""

import re
import sys

# What a terminal would act upon or show in disguise: C0 and C1 controls, marks that turn the direction of
# text around, and what takes no room at all, by which two names look alike (Unicode's default ignorables,
# but for the selectors of emoji). In JSON they are within strings, where their escape means the same.
TREACHEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def harmless(text: str) -> str:
    r"""Return text that a terminal only shows, with what it would act upon as \uXXXX, as JSON has it."""
    return TREACHEROUS.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def say(text: str) -> None:
    """Tell people something, in lines. A name in it may be a stranger's: a file's, for instance."""
    print("\n".join(map(harmless, text.split("\n"))), file=sys.stderr)


def print_json(value: object) -> None:
    """Print for programs; text that is JSON already comes as msgspec.Raw."""
    import msgspec

    lines = msgspec.json.format(msgspec.json.encode(value), indent=2).decode().split("\n")
    sys.stdout.write("".join(f"{harmless(line)}\n" for line in lines))
