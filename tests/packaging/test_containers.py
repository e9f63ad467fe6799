"""The Dockerfile and the compose file name only what exists, and keep every service on a short lead."""

import json
import re
from functools import cache
from typing import Any

import pytest
import yaml

from api.errors import Problem
from api.http.request_origin import TrustPolicy
from eventlog.addresses import TrustedPeers, hosts
from eventlog.settings import Settings
from tests.support.command_line import eventlog
from tests.support.root import ROOT

Service = dict[str, Any]
OURS = ("migrate", "protect", "api", "worker", "simulator")


@cache
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return content


def services() -> dict[str, Service]:
    found: dict[str, Service] = compose()["services"]
    return found


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def image_command() -> list[str]:
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile(), re.MULTILINE)
    words: list[str] = json.loads(command)
    return words


def addressed(host: str) -> dict[str, Any]:
    """Return a request to the API in its container."""
    return {
        "method": "GET",
        "path": "/stats",
        "raw_path": b"/stats",
        "scheme": "http",
        "client": ("172.18.0.1", 50000),
        "server": ("172.18.0.2", 8080),
        "headers": [(b"host", host.encode())],
    }


def commands() -> list[list[str]]:
    return [image_command(), *(services()[name]["command"] for name in OURS)]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_the_commands_that_containers_run_exist(command: list[str]) -> None:
    said = eventlog(*command, "--help")
    assert said.returncode == 0, said.stderr


def test_every_variable_is_a_setting() -> None:
    fields = {f"EVENTLOG_{name.upper()}" for name in Settings.model_fields}
    named = {name for service in services().values() for name in service.get("environment", {})}
    named |= set(re.findall(r"EVENTLOG_\w+", dockerfile()))
    assert {name for name in named if name.startswith("EVENTLOG_")} - fields == set()


def test_the_image_runs_eventlog_as_nobody_special() -> None:
    assert 'ENTRYPOINT ["eventlog"]' in dockerfile()
    (user,) = re.findall(r"^USER (\d+)", dockerfile(), re.MULTILINE)
    assert int(user) > 0


@pytest.mark.parametrize("name", services())
def test_no_service_can_write_its_image_or_gain_a_right(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged")
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user", "the image's own") != "root"


def test_only_the_api_is_published_and_on_loopback_alone() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8080:8080"]}


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "api:8080"])
def test_the_api_answers_to_the_names_it_is_called_by(host: str) -> None:
    further = services()["api"]["environment"]["EVENTLOG_ALLOWED_HOSTS"]
    assert "EVENTLOG_HOST=0.0.0.0" in dockerfile()
    trust = TrustPolicy(hosts(further), TrustedPeers(), "0.0.0.0")
    trust.check(addressed(host))
    with pytest.raises(Problem, match=r"elsewhere\.example"):
        trust.check(addressed("elsewhere.example:8080"))


def test_the_database_is_on_a_network_without_a_way_out() -> None:
    assert services()["postgres"]["networks"] == ["database"]
    assert compose()["networks"]["database"] == {"internal": True}
    assert "database" not in services()["simulator"]["networks"]


def test_two_workers_start_after_the_migration_is_done() -> None:
    worker = services()["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert worker["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_secrets_for_trying_out_agree_with_each_other() -> None:
    def secret(name: str) -> str:
        return (ROOT / "compose" / "secrets" / name).read_text(encoding="utf-8").strip()

    database = services()["postgres"]["environment"]
    at = f"@postgres:5432/{database['POSTGRES_DB']}"
    assert secret("dsn") == f"postgresql://eventlog:{secret('eventlog_password')}{at}"
    admin = f"{database['POSTGRES_USER']}:{secret('postgres_password')}"
    assert secret("admin_dsn") == f"postgresql://{admin}{at}"
    assert secret("postgres_password") != secret("eventlog_password")


def test_only_the_protection_logs_in_as_the_superuser() -> None:
    knowing = {name for name, service in services().items() if "admin_dsn" in service.get("secrets", [])}
    assert knowing == {"protect"}
