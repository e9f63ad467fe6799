"""The Dockerfile and the compose file name only what exists, and keep every service on a short lead."""

import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

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


def lasting() -> dict[str, Service]:
    """Return the services that go on for ever."""
    return {name: service for name, service in services().items() if service["restart"] != "no"}


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
    # Of its image's program, which cannot be started without.
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert not service.get("privileged")
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user", "the image's own") != "root"


def test_only_the_proxy_and_grafana_are_published_and_on_loopback_unless_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {
        "proxy": ["${LISTEN:-127.0.0.1}:8443:8443"],
        "grafana": ["127.0.0.1:3000:3000"],
    }


@pytest.mark.parametrize("name", lasting())
def test_what_goes_on_for_ever_says_whether_it_is_well(name: str) -> None:
    assert "disable" not in lasting()[name]["healthcheck"]
    assert lasting()[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", services())
def test_none_takes_all_memory_or_all_processes(name: str) -> None:
    limits = services()[name]["deploy"]["resources"]["limits"]
    assert set(limits) >= {"memory", "pids"}


def test_each_logs_in_with_just_its_own_rights() -> None:
    secrets = {name: set(service.get("secrets", [])) for name, service in services().items()}
    assert secrets["api"] == {"api_dsn", "auditor_dsn"}
    assert secrets["worker"] == {"worker_dsn"}
    assert {name for name, known in secrets.items() if "dsn" in known} == {"migrate"}
    assert secrets["simulator"] == secrets["proxy"] == secrets["prometheus"] == set()


def test_keys_are_asked_for() -> None:
    assert services()["api"]["environment"]["EVENTLOG_AUTH"] == "required"
    assert services()["api"]["deploy"]["replicas"] == 2


def test_what_is_mounted_and_what_is_a_secret_is_there() -> None:
    mounts = [mount.split(":")[0] for service in services().values() for mount in service.get("volumes", [])]
    files = [secret["file"].replace("${SECRETS:-./compose/secrets}", "compose/secrets")
             for secret in compose()["secrets"].values()]  # fmt: skip
    for path in [*files, *(mount for mount in mounts if mount.startswith("./"))]:
        assert path == "./compose/grafana" or (ROOT / path).exists(), path


def test_a_change_of_the_sources_leaves_the_layer_of_dependencies() -> None:
    before, _, _ = dockerfile().partition("COPY eventlog")
    assert "-r requirements.txt" in before
    assert re.findall(r"^COPY (.*)$", before, re.MULTILINE)[0] == "pyproject.toml constraints.txt ./"
    _, _, after = dockerfile().partition("COPY eventlog")
    assert "-c constraints.txt" not in after


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "api:8080"])
def test_the_api_answers_to_the_names_it_is_called_by(host: str) -> None:
    named = services()["api"]["environment"]["EVENTLOG_ALLOWED_HOSTS"]
    further = named.replace("${SITE:-localhost}", "localhost")
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
    for work in ("api", "worker", "auditor"):
        user, _, password = (
            secret(f"{work}_dsn").removeprefix("postgresql://").removesuffix(at).partition(":")
        )
        assert user == f"eventlog_{work}"
        assert password
    passwords = [urlsplit(secret(name)).password for name in compose()["secrets"] if name.endswith("dsn")]
    assert len(set(passwords)) == len(passwords)


def test_only_the_protection_logs_in_as_the_superuser() -> None:
    knowing = {name for name, service in services().items() if "admin_dsn" in service.get("secrets", [])}
    assert knowing == {"protect"}
