"""One sitting at the console: read a line, ask, show, until it is left."""

import io
import os
import pydoc
import shutil
import sys
from collections.abc import Callable

from prompt_toolkit import PromptSession

from eventlog.audit.auditor import Auditor, StatementResult
from eventlog.audit.catalogue import AuditView
from eventlog.audit.console.commands import HELP, ConsoleLine, read_line
from eventlog.audit.errors import StatementFailed
from eventlog.audit.limits import StatementLimits
from eventlog.audit.questions import questions
from eventlog.audit.record import Asker
from eventlog.audit.render_csv_json import comma_separated
from eventlog.audit.render_lines import failure_text, parameter_lines
from eventlog.audit.render_ndjson import json_lines, json_text
from eventlog.audit.render_table import print_expanded, print_table
from eventlog.audit.statement_request import StatementRequest, ask_question, ask_statement
from eventlog.errors import EventlogError
from eventlog.terminal.printing import harmless, say


class ConsoleSession:
    """One session of the SQL console: its format, its limits, and the loop that reads and answers."""

    def __init__(
        self, auditor: Auditor, asker: Asker, views: list[AuditView], limits: StatementLimits
    ) -> None:
        self._auditor = auditor
        self._asker = asker
        self._views = {view.name: view for view in views}
        self._limits = limits
        self._expanded = False
        self._format = "table"

    def run(self, prompt: PromptSession[str]) -> None:
        r"""Ask and answer until \q or Ctrl-D."""
        while True:
            try:
                typed = prompt.prompt()
            except KeyboardInterrupt:  # the line is thrown away
                continue
            except EOFError:
                return
            if not self.handle(typed):
                return

    def handle(self, typed: str) -> bool:
        """Do what one input says; False when it says to leave."""
        try:
            line = read_line(typed)
            if line.kind == "quit":
                return False
            self._do(line)
        except KeyboardInterrupt:
            say("stopped")
        except EventlogError as error:
            say(harmless(str(error)))
        return True

    def _do(self, line: ConsoleLine) -> None:
        match line.kind:
            case "statement":
                self._ask(ask_statement(line.text))
            case "question":
                self._ask(ask_question(line.text, line.arguments))
            case "help":
                _page(HELP)
            case "views":
                _page("\n".join(f"{view.name:22} {view.comment}" for view in self._views.values()))
            case "view":
                _page(self._described(line.text))
            case "questions":
                _page(_questions())
            case "expanded":
                self._expanded = not self._expanded
                say(f"a line for each value: {'on' if self._expanded else 'off'}")
            case "format":
                self._format = line.text

    def _described(self, name: str) -> str:
        view = self._views.get(name)
        if view is None:
            return f"there is no view {harmless(name)}: \\d lists them"
        columns = [f"  {column.name:20} {column.type:26} {column.comment}" for column in view.columns]
        return "\n".join([f"{view.name}: {view.comment}", *columns])

    def _ask(self, asked: StatementRequest) -> None:
        try:
            answer = self._auditor.ask(asked, self._asker, self._limits)
        except StatementFailed as error:
            say(failure_text(error, asked.written))
            return
        _page(self._printed(answer))
        rows = f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}"
        more = ", and there are more" if answer.truncated else ""
        say(f"{rows}{more} ({answer.elapsed_ms:.1f} ms)")

    def _printed(self, answer: StatementResult) -> str:
        match self._format:
            case "csv":
                return comma_separated(answer, write=harmless)
            case "json":
                return json_text(answer)
            case "ndjson":
                return "".join(json_lines(answer))
        text = io.StringIO()
        if self._expanded:
            print_expanded(answer, text)
        else:
            print_table(answer, text)
        return text.getvalue()


def _questions() -> str:
    lines = []
    for question in questions().values():
        lines += [f"\\{question.name}", f"    {question.title} {question.description}"]
        lines += [f"    {line}" for line in parameter_lines(question)]
    return "\n".join(lines)


def _page(text: str) -> None:
    """Print, through a pager where it is more than the terminal has room for."""
    columns, rows = shutil.get_terminal_size()
    lines = text.rstrip("\n").split("\n")
    if sys.stdout.isatty() and (len(lines) > rows - 2 or max(map(len, lines)) > columns):
        _pager()(text)
    else:
        print("\n".join(lines))


def _pager() -> Callable[[str], None]:
    # -S: long lines are looked at by moving sideways; -F: what fits is not paged; -X: and stays to be seen.
    if "PAGER" not in os.environ and shutil.which("less"):
        return lambda text: pydoc.pipepager(text, "less -SFX")
    return pydoc.pager
