"""One table of errors: each code has one status and one Retry-After, and nobody answers with another."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from api.error_codes import CODES
from api.errors import TABLE, Problem, problem_for
from eventlog.audit.errors import AuditBusy
from eventlog.errors import EventlogError, QueueFull, Refused
from eventlog.intake.fields import FIELDS
from projections.errors import ProjectionDropped
from tests.support.root import ROOT

# What `eventlog console` says of its own commands goes to nobody else.
OF_THE_TERMINAL = {"command_unknown", "command_malformed"}
KINDS = {"malformed": 400, "invalid": 422, "too_large": 413, "forbidden": 403}


def calls(package: str, *names: str) -> Iterator[tuple[Path, ast.Call]]:
    """Yield every call of these names in a package."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield path, node


def literals(package: str, *names: str) -> set[str]:
    """Return the codes that calls of these names are given as text."""
    return {
        argument.value
        for _, call in calls(package, *names)
        for argument in call.args
        if isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+|scope|unauthorized", argument.value)
        and argument.value not in KINDS
    }


def test_every_code_that_is_raised_stands_in_the_table() -> None:
    raised = literals("api", "Problem")
    raised |= literals("eventlog/intake", "Refused", "Flaw", "Fault", "_no_envelope")
    raised |= literals("eventlog/audit", "QuestionRefused", "StatementFailed") - OF_THE_TERMINAL
    raised |= {f"invalid_{field}" for field in FIELDS}  # by its rule
    assert len(raised) > 60
    assert raised - set(CODES) == set()


def test_no_answer_says_by_itself_when_to_try_again() -> None:
    """The status and Retry-After are the table's: no other place passes them."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "api").rglob("*.py")}
    assert [name for name, text in sources.items() if '"Retry-After"' in text] == ["errors.py"]
    passing = [
        path.name for path, call in calls("api", "Problem") if "after" in {word.arg for word in call.keywords}
    ]
    assert passing == ["errors.py"]


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_answered_as_the_table_says(code: str) -> None:
    problem, rule = Problem(code, "why"), CODES[code]
    assert HTTPStatus(rule.status) >= HTTPStatus.BAD_REQUEST
    assert problem.status == rule.status
    assert problem.headers.get("Retry-After") == (None if rule.after is None else str(rule.after))
    assert problem.retryable == (rule.after is not None or rule.retryable)
    # What comes by itself says when.
    assert rule.status != 503 or problem.retryable


def test_each_error_of_ours_has_a_code_of_its_own_and_no_wider_class_stands_before_it() -> None:
    classes = [kind for kind, _ in TABLE]
    for number, kind in enumerate(classes):
        assert issubclass(kind, EventlogError)
        assert not any(issubclass(kind, wider) for wider in classes[:number]), kind


@pytest.mark.parametrize(
    ("error", "status", "code", "after"),
    [
        (QueueFull("full"), 503, "queue_full", "1"),
        (ProjectionDropped("core"), 503, "projection_dropped", "30"),
        (AuditBusy(), 503, "audit_busy", "1"),
        (AuditBusy(after_seconds=7), 503, "audit_busy", "7"),
        (Refused("invalid", "missing_field", "topic is missing"), 422, "missing_field", None),
        (RuntimeError("a bug"), 500, "internal_error", None),
    ],
)
def test_errors_of_ours_are_mapped_in_one_place(
    error: Exception, status: int, code: str, after: str | None
) -> None:
    problem = problem_for(error)
    assert (problem.status, problem.code, problem.headers.get("Retry-After")) == (status, code, after)
