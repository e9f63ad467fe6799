"""SQL: saved questions, one's own, and results as files."""

import csv
import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event


def type_statement(page: Page, statement: str) -> None:
    page.get_by_label("SQL statement").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(statement)


def test_a_saved_question_is_run_and_saved_as_csv(page: Page, service: Service, tmp_path: Path) -> None:
    service.publish(event(topic="asked", event_id="1"))
    page.goto("/#/sql")
    page.get_by_role("link", name="Do the books balance?").click()
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("1 row")
    with page.expect_download() as download:
        result.get_by_role("button", name="Save CSV").click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    (row,) = csv.DictReader(saved.read_text(encoding="utf-8").splitlines())
    assert int(row["received"]) == service.read("/stats")["received"]


def test_results_sort_are_drawn_and_saved_as_json(page: Page, tmp_path: Path) -> None:
    page.goto("/#/sql")
    type_statement(
        page,
        "SELECT 'n' || n AS name, n, 100 - n AS rest, NULL AS nothing FROM (VALUES (2), (10), (1)) AS v (n)",
    )
    page.keyboard.press("Control+Enter")
    result = page.get_by_role("region", name="Result")
    first = result.locator("tbody tr").first
    expect(first).to_contain_text("n2")
    result.get_by_role("button", name="n", exact=True).click()
    expect(first).to_contain_text("n10")
    result.get_by_role("button", name="n", exact=True).click()
    expect(first).to_contain_text("n1")
    with page.expect_download() as download:
        result.get_by_role("button", name="Save JSON").click()
    saved = tmp_path / "saved.json"
    download.value.save_as(saved)
    assert json.loads(saved.read_text())[0] == {"name": "n2", "n": 2, "rest": 98, "nothing": None}
    result.get_by_role("button", name="Chart").click()
    expect(result.locator("canvas")).to_be_visible()


def test_a_link_shows_its_statement_and_does_not_run_it(page: Page) -> None:
    page.goto("/#/sql?sql=SELECT%2041%20%2B%201%20AS%20answer")
    expect(page.get_by_label("SQL statement")).to_contain_text("SELECT 41 + 1 AS answer")
    expect(page.get_by_role("region", name="Result")).to_be_hidden()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("region", name="Result").locator("tbody td")).to_have_text("42")


def test_parameters_of_a_statement_are_fields(page: Page) -> None:
    page.goto("/#/sql")
    type_statement(page, "SELECT :word::text || '!' AS said, ':no' AS other")
    page.get_by_label("word").fill("hello")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("region", name="Result").locator("tbody td").first).to_have_text("hello!")


def test_a_wrong_statement_and_a_writing_one_are_told_why(page: Page) -> None:
    page.goto("/#/sql")
    type_statement(page, "SELECT nothing FROM books")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text('column "nothing" does not exist')
    type_statement(page, "CREATE TABLE mine (n int)")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("it answers with no rows")


def test_the_editor_completes_views_and_columns(page: Page) -> None:
    page.goto("/#/sql")
    expect(page.get_by_role("complementary", name="What can be asked")).to_contain_text("books_by_topic")
    type_statement(page, "SELECT * FROM boo")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option", name="books").first).to_be_visible()


def test_a_plain_field_serves_where_the_editor_cannot_be_had(page: Page) -> None:
    page.route("**/vendor/codemirror.js", lambda route: route.abort())
    page.goto("/#/sql")
    page.reload()
    field = page.get_by_role("textbox", name="SQL statement")
    field.fill("SELECT 7 AS seven")
    field.press("Control+Enter")
    expect(page.get_by_role("region", name="Result").locator("tbody td")).to_have_text("7")
    page.unroute_all()
    page.reload()  # a page asks for the editor once
    expect(page.locator(".editor.plain")).to_be_hidden()


def test_where_it_is_off_it_says_why(page: Page) -> None:
    page.route(
        "**/sql/questions",
        lambda route: route.fulfill(
            status=403,
            content_type="application/problem+json",
            body=json.dumps({"status": 403, "code": "sql_disabled", "detail": "questions in SQL are off"}),
        ),
    )
    page.goto("/#/sql")
    expect(page.get_by_text("Questions in SQL are off here")).to_be_visible()
