"""The dashboard and the rules name what is scraped, and the rules fire when they should."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from api.routes.process_metrics import of_disk
from eventlog.settings import load_settings
from projections.pool import WorkerPool
from projections.step_metrics import StepMetrics
from projections.worker_port import worker_port
from tests.support.api import running_api
from tests.support.certificates import Authority, Files
from tests.support.events import event
from tests.support.root import ROOT
from tests.support.waiting import until

RULES = ROOT / "compose/prometheus"
DASHBOARD = ROOT / "compose/grafana/dashboards/eventlog.json"
NAME = re.compile(r"\b(?:eventlog|process)_[a-z_]+")
PROMETHEUS_OWN = {"up", "ALERTS"}


def expressions_of_rules() -> list[str]:
    groups = yaml.safe_load((RULES / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def expressions_of_dashboard() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", [])]


class Folder:
    """The disk of a folder, as an embedded server's."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def collect(self) -> Iterator[Any]:
        return of_disk([self._path])


@pytest.fixture
def scraped(database: str, tmp_path: Path) -> dict[str, set[str]]:
    """Return the names that the API, a worker and an embedded server's disk give, with their labels."""
    files = Files(tmp_path, Authority())
    files.put(files.authority.issue())
    metrics = StepMetrics()
    pool = WorkerPool(database, count=1, batch_size=100, metrics=metrics)
    registry = CollectorRegistry()
    registry.register(Folder(tmp_path))
    with (
        running_api(database, workers=0, **files.settings) as url,
        httpx2.Client(base_url=url, timeout=15, verify=files.trusted) as client,
        worker_port(load_settings(worker_port=0), pool.workers, metrics) as port,
    ):
        pool.start()
        try:
            client.post("/publish", json=event(topic="s.a", event_id="1"), headers={"prefer": "wait=10"})
            client.get("/nowhere")
            own = f"http://127.0.0.1:{port}/metrics"
            until(lambda: "eventlog_step_seconds_sum" in httpx2.get(own).text)
            texts = [client.get("/metrics").text, httpx2.get(own).text, generate_latest(registry).decode()]
        finally:
            pool.stop()
    found: dict[str, set[str]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            found.setdefault(family.name, set())
            found.setdefault(family.name + "_total", set())
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_name_of_rules_and_dashboard_is_scraped(scraped: dict[str, set[str]]) -> None:
    for expressions in (expressions_of_rules, expressions_of_dashboard):
        names = {name for expression in expressions() for name in NAME.findall(expression)}
        assert len(names) > 12
        assert names - scraped.keys() == set()


def test_every_label_that_is_chosen_by_or_shown_is_scraped(scraped: dict[str, set[str]]) -> None:
    known = set().union(*scraped.values()) | {"job", "instance", "key", "reason"}
    labels: set[str] = set()
    for expression in expressions_of_rules() + expressions_of_dashboard():
        labels.update(re.findall(r"[{,]\s*(\w+)\s*[=!]", expression))
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            labels.update(label.strip() for label in group.split(","))
    for panel in panels():
        for target in panel.get("targets", []):
            labels.update(re.findall(r"{{(\w+)}}", target["legendFormat"]))
    assert labels - known == set()


def test_the_dashboards_panels_lie_beside_each_other() -> None:
    places = [panel["gridPos"] for panel in panels()]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in panels()}) == len(places)


@pytest.fixture
def promtool() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["promtool", *arguments]
        return subprocess.run(command, cwd=RULES, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "rules.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("test", "rules", "tests/rules.yml"),
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(
    promtool: Callable[..., "subprocess.CompletedProcess[str]"], arguments: tuple[str, ...]
) -> None:
    ended = promtool(*arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_dashboards_questions_are_promql(
    promtool: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    rules = [
        {"record": f"dashboard:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, expression in enumerate(expressions_of_dashboard())
    ]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    ended = promtool("check", "rules", str(file))
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_grafana_finds_the_dashboard_and_prometheus_its_rules_in_compose() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    provider = yaml.safe_load((DASHBOARD.parent / "eventlog.yml").read_text(encoding="utf-8"))["providers"][0]
    assert "./compose/grafana:/etc/grafana/provisioning:ro" in services["grafana"]["volumes"]
    assert provider["options"]["path"] == "/etc/grafana/provisioning/dashboards"
    config = yaml.safe_load((RULES / "prometheus.yml").read_text(encoding="utf-8"))
    (pattern,) = config["rule_files"]
    assert [path.name for path in RULES.glob(Path(pattern).name)] == ["rules.yml"]
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert all(re.fullmatch("eventlog.*", job) for job in jobs)
    # What is scraped of a worker is no loopback's.
    assert services["worker"]["environment"]["EVENTLOG_WORKER_HOST"] == "0.0.0.0"
