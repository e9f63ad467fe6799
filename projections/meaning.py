"""What of a projection's files means something: comments, blanks and line ends do not. Pure."""

import io
import re
import tokenize
from collections.abc import Iterator

# Characters beside which a blank means nothing.
PUNCTUATION = "(),;"
# A dollar within a name begins no quote. Without backslashes, as no standard string has them; E'…' does.
_SQL = re.compile(
    r"""
    (?P<blank> \s+ | --[^\n]* )
  | (?P<comment> /\* )
  | (?P<text> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
  | (?P<dollar> \$(?:[^\W\d]\w*)?\$ )
  | (?P<word> [\w$]+ )
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
NO_CONTENT = (
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
)
_COMMENT_ENDS = re.compile(r"/\*|\*/")


def sql_meaning(text: str) -> str:
    """Return SQL without comments, and with one blank where there were some; quoted text stays as it is."""
    pieces: list[str] = []
    blank = False
    for piece in _pieces(text.replace("\r\n", "\n").replace("\r", "\n")):
        if piece.isspace():
            blank = True
            continue
        if blank and pieces and pieces[-1] not in PUNCTUATION and piece not in PUNCTUATION:
            pieces.append(" ")
        pieces.append(piece)
        blank = False
    return "".join(pieces)


def _pieces(text: str) -> Iterator[str]:
    """Yield what a text consists of; a comment as a blank."""
    place = 0
    while place < len(text):
        found = _SQL.match(text, place)
        assert found is not None
        place = found.end()
        if found["blank"]:
            yield " "
        elif found["comment"]:
            place = _after_comment(text, place)
            yield " "
        elif found["dollar"]:
            end = text.find(found[0], place)
            after = len(text) if end < 0 else end + len(found[0])
            yield found[0] + text[place:after]
            place = after
        else:
            yield found[0]


def _after_comment(text: str, place: int) -> int:
    """Return where a comment ends that has begun before; one may hold others."""
    depth = 1
    while depth and (found := _COMMENT_ENDS.search(text, place)):
        depth += 1 if found[0] == "/*" else -1
        place = found.end()
    return len(text) if depth else place


def python_meaning(source: bytes) -> bytes:
    """Return Python without comments, blank lines and blanks at lines' ends, which are of one kind."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text = source.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    # Where what counts of a line ends; the lines within a string count whole.
    ends: dict[int, int] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in NO_CONTENT:
            continue
        (first, _), (last, column) = token.start, token.end
        ends.update({line: len(lines[line - 1]) for line in range(first, last)})
        ends[last] = max(ends.get(last, 0), column)
    kept = [lines[line - 1][:end] for line, end in sorted(ends.items())]
    return "\n".join(kept).encode()
