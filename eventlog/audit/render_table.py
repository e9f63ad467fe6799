"""An answer as a table for a terminal: nothing in it acts upon the terminal."""

import sys
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eventlog.audit.auditor import StatementResult
from eventlog.audit.values import NUMBERS
from eventlog.terminal.printing import harmless

# Cells of a table are for looking at; the whole value is in JSON and CSV.
CELL_CHARACTERS_MAX = 1_000
NULL = Text("∅", style="dim")


def print_table(answer: StatementResult, file: TextIO | None = None, *, width: int | None = None) -> None:
    """Print one line a row; numbers to the right, NULL as ∅."""
    target = file or sys.stdout
    console = Console(file=target, width=width or _width(target, answer), highlight=False, soft_wrap=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in answer.columns:
        right = column.type in NUMBERS
        table.add_column(
            Text(shown(column.name)), justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    for row in answer.rows:
        table.add_row(*(NULL if cell is None else Text(shown(cell)) for cell in row))
    console.print(table)


def print_expanded(answer: StatementResult, file: TextIO | None = None) -> None:
    """Print one line a value, for rows that are wider than a terminal."""
    target = file or sys.stdout
    console = Console(file=target, highlight=False, soft_wrap=True)
    wide = max((len(shown(column.name)) for column in answer.columns), default=0)
    for number, row in enumerate(answer.rows, 1):
        console.print(Text(f"── {number} " + "─" * 30, style="dim"))
        for column, cell in zip(answer.columns, row, strict=True):
            name = Text(f"{shown(column.name):<{wide}}  ", style="bold")
            console.print(name + (NULL if cell is None else Text(shown(cell, CELL_CHARACTERS_MAX * 100))))


def shown(text: str, most: int = CELL_CHARACTERS_MAX) -> str:
    """Return text as a terminal only shows it, cut where it is very long."""
    cut = text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
    return harmless(cut)


def _width(target: TextIO, answer: StatementResult) -> int | None:
    """Return the terminal's width; into a file or a pipe, as wide as it takes."""
    if target.isatty():
        return None
    widest = [len(shown(column.name)) for column in answer.columns]
    for row in answer.rows:
        widest = [max(wide, len(shown(cell or ""))) for wide, cell in zip(widest, row, strict=True)]
    return sum(widest) + 3 * len(widest) + 1
