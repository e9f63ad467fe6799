"""The prompt: history, highlighting, completion, and when a statement is complete."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import PostgresLexer  # type: ignore[import-untyped]

from eventlog.audit.catalogue import AuditView
from eventlog.audit.console.commands import is_complete
from eventlog.audit.questions import questions

KEYWORDS = (
    *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "JOIN"),
    *("LEFT JOIN", "ON", "USING", "AS", "DISTINCT", "WITH", "UNION ALL", "EXCEPT", "BETWEEN", "IN", "LIKE"),
    *("IS NULL", "DESC", "count(*)", "sum(", "max(", "min(", "now()", "interval '1 hour'", "EXPLAIN"),
    *("partition_of(", "position_at(", "span(", "books_over_time("),
)
COMMANDS = {
    "\\d": "views",
    "\\questions": "saved questions",
    "\\x": "expanded",
    "\\o": "format",
    "\\?": "help",
    "\\q": "leave",
}
WORD = re.compile(r"[\w\\?.]+")


class AuditCompleter(Completer):
    """Completes views, columns (those of the views that are named first), keywords and commands."""

    def __init__(self, views: Sequence[AuditView]) -> None:
        self._views = {view.name: view for view in views}

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield what the word before the cursor may become."""
        word = document.get_word_before_cursor(pattern=WORD)
        if document.text.startswith("\\"):
            yield from self._commands(document, word)
        elif word:
            yield from _matching(word, self._columns(document.text))
            yield from _matching(word, {name: view.comment for name, view in self._views.items()})
            yield from _matching(word, dict.fromkeys(KEYWORDS, ""))

    def _commands(self, document: Document, word: str) -> Iterable[Completion]:
        if document.text.startswith("\\d "):
            yield from _matching(word, {name: view.comment for name, view in self._views.items()})
        elif document.text == word:
            yield from _matching(word, COMMANDS)
            yield from _matching(
                word, {f"\\{question.name}": question.title for question in questions().values()}
            )

    def _columns(self, text: str) -> dict[str, str]:
        named = [view for name, view in self._views.items() if re.search(rf"\b{name}\b", text)]
        return {column.name: column.comment for view in named for column in view.columns}


def _matching(word: str, candidates: dict[str, str]) -> Iterable[Completion]:
    start = word.rpartition(".")[2] if not word.startswith("\\") else word
    for name, meaning in candidates.items():
        if name.lower().startswith(start.lower()):
            yield Completion(name, -len(start), display_meta=meaning[:60])


def history_in(folder: Path) -> Path:
    """Return the history's file: its owner's alone to read, since statements may hold what they ask about."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "console_history"
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path


def make_prompt(views: Sequence[AuditView], history: Path) -> PromptSession[str]:
    """Return the prompt. Enter ends a statement at its semicolon, and begins a line before."""
    bindings = KeyBindings()

    @bindings.add("enter")
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return PromptSession(
        "audit> ",
        multiline=True,
        prompt_continuation=lambda width, line, wrapped: "." * (width - 1) + " ",
        key_bindings=bindings,
        history=FileHistory(str(history)),
        auto_suggest=AutoSuggestFromHistory(),
        lexer=PygmentsLexer(PostgresLexer),
        completer=AuditCompleter(views),
        complete_while_typing=True,
        enable_open_in_editor=False,
    )
