"""Data go to standard output, talk to standard error; and nothing in either acts upon a terminal."""

import re
import sys

# What a terminal would act upon or show in disguise: C0 and C1 controls, and marks that turn the
# direction of text around. In JSON they are within strings, where their escape means the same.
TREACHEROUS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Return text that a terminal only shows, with what it would act upon as \\uXXXX."""
    return TREACHEROUS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: str) -> None:
    """Tell people something."""
    print(text, file=sys.stderr)


def print_json(value: object) -> None:
    """Print for programs; text that is JSON already comes as msgspec.Raw."""
    import msgspec

    lines = msgspec.json.format(msgspec.json.encode(value), indent=2).decode().split("\n")
    sys.stdout.write("".join(f"{harmless(line)}\n" for line in lines))
