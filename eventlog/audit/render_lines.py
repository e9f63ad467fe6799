"""Failed statements and saved questions as lines of text, for `eventlog sql` and the SQL console. Pure."""

from eventlog.audit.errors import StatementFailed
from eventlog.audit.questions import Question
from eventlog.terminal.printing import harmless


def failure_text(error: StatementFailed, statement: str) -> str:
    """Return what is wrong with a statement, with a mark at the place. It may repeat data."""
    lines = [f"{error.sqlstate}: {harmless(error.message)}"]
    if error.position is not None:
        before, after = statement[: error.position - 1], statement[error.position - 1 :]
        start = before.rpartition("\n")[2]
        lines += [harmless(start + after.partition("\n")[0]), " " * len(harmless(start)) + "^"]
    if error.hint:
        lines.append(f"hint: {harmless(error.hint)}")
    return "\n".join(lines)


def parameter_lines(question: Question) -> list[str]:
    """Return a line for each parameter of a question."""
    return [
        f"{parameter.name} ({parameter.type}"
        + ("" if parameter.default is None else f", {parameter.default} by default")
        + f"): {parameter.description}"
        for parameter in question.parameters
    ]
