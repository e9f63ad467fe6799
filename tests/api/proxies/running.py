"""Real proxies with the recipes of docs/proxies, on free ports, in front of a service of the tests."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import msgspec

from tests.faults.stack import free_port
from tests.support.root import ROOT
from tests.support.waiting import until

RECIPES = ROOT / "docs/proxies"
NAME = "log.example"
# Debian keeps daemons where a user's PATH may not lead.
SEARCHED = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"


class Certificate(msgspec.Struct, frozen=True):
    """A certificate for the name, its key, and both in one file."""

    certificate: Path
    key: Path
    both: Path

    @property
    def trusting(self) -> ssl.SSLContext:
        """Return what a client needs to accept it at an address."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False
        return context


def make_certificate(folder: Path, name: str = NAME) -> Certificate:
    """Make a certificate of its own signature."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "both.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", made.key, "-out", made.certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    made.both.write_bytes(made.certificate.read_bytes() + made.key.read_bytes())
    return made


class Proxy(msgspec.Struct, frozen=True):
    """A running proxy. Clients come from an address that the service does not trust."""

    kind: str
    port: int
    certificate: Certificate

    @property
    def origin(self) -> str:
        """What a browser calls it."""
        return f"https://{NAME}:{self.port}"

    def client(self, prefix: str = "", name: str = NAME) -> httpx2.Client:
        """Return a client that knows it by its name."""

        def name_it(request: httpx2.Request) -> None:
            request.extensions["sni_hostname"] = name

        return httpx2.Client(
            base_url=f"https://127.0.0.1:{self.port}{prefix}",
            headers={"Host": f"{name}:{self.port}"},
            timeout=30,
            transport=httpx2.HTTPTransport(verify=self.certificate.trusting, local_address="127.0.0.2"),
            event_hooks={"request": [name_it]},
        )


class Kind(msgspec.Struct, frozen=True):
    """How a recipe becomes a configuration for the tests, and how its program is started.

    replaced: texts of the recipe, each of which must be there. command: takes the configuration and a folder.
    """

    program: str
    recipe: str
    replaced: Callable[[int, int, Certificate, Path], dict[str, str]]
    command: Callable[[Path, Path], list[str]]


def _nginx(port: int, upstream: int, certificate: Certificate, folder: Path) -> dict[str, str]:
    paths = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return {
        "http {": f"pid {folder}/pid;\nhttp {{\n{paths}",
        "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/ssl/log.example.pem": str(certificate.certificate),
        "/etc/ssl/private/log.example.key": str(certificate.key),
    }


def _haproxy(port: int, upstream: int, certificate: Certificate, folder: Path) -> dict[str, str]:
    return {
        "127.0.0.1:8080 check inter 2s": f"127.0.0.1:{upstream} check inter 100ms",
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/ssl/private/log.example.pem": str(certificate.both),
    }


def _caddy(port: int, upstream: int, certificate: Certificate, folder: Path) -> dict[str, str]:
    return {
        "(eventlog) {": (
            "{\nadmin off\nauto_https disable_redirects\n"
            f"storage file_system {folder}\ndefault_bind 127.0.0.1\n}}\n(eventlog) {{"
        ),
        "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        "\nlog.example {": f"\n{NAME}:{port} {{",
        "/etc/ssl/log.example.pem": str(certificate.certificate),
        "/etc/ssl/private/log.example.key": str(certificate.key),
    }


def _apache(port: int, upstream: int, certificate: Certificate, folder: Path) -> dict[str, str]:
    modules = ("mpm_event", "authz_core", "ssl", "socache_shmcb", "headers", "alias", "proxy", "proxy_http")
    loaded = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in modules)
    # As root it gives its children to somebody else.
    own = f"ServerName {NAME}\nPidFile {folder}/pid\nErrorLog /dev/stderr\nDefaultRuntimeDir {folder}\n"
    return {
        "Listen 443": f"{loaded}\n{own}User nobody\nGroup nogroup\nListen 127.0.0.1:{port}",
        "*:443": f"127.0.0.1:{port}",
        "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        "/etc/ssl/log.example.pem": str(certificate.certificate),
        "/etc/ssl/private/log.example.key": str(certificate.key),
    }


KINDS = {
    "nginx": Kind(
        "nginx", "nginx.conf", _nginx,
        lambda file, folder: ["-c", str(file), "-p", str(folder), "-g", "daemon off; error_log stderr;"],
    ),
    "haproxy": Kind("haproxy", "haproxy.cfg", _haproxy, lambda file, folder: ["-db", "-f", str(file)]),
    "caddy": Kind(
        "caddy", "Caddyfile", _caddy,
        lambda file, folder: ["run", "--config", str(file), "--adapter", "caddyfile"],
    ),
    "apache": Kind(
        "apache2", "apache.conf", _apache, lambda file, folder: ["-DFOREGROUND", "-f", str(file)]
    ),
}  # fmt: skip


def program(kind: str) -> str | None:
    """Return where a proxy's program is, if it is installed."""
    return shutil.which(KINDS[kind].program, path=SEARCHED)


@contextmanager
def running_proxy(
    kind: str, upstream: int, certificate: Certificate, folder: Path, recipe: str | None = None
) -> Iterator[Proxy]:
    """Run a proxy in front of a port, by its recipe or another configuration of its kind; end it."""
    port = free_port()
    folder.mkdir()
    text = recipe or (RECIPES / KINDS[kind].recipe).read_text(encoding="utf-8")
    for there, instead in KINDS[kind].replaced(port, upstream, certificate, folder).items():
        assert there in text or recipe, f"the recipe for {kind} has no {there!r}"
        text = text.replace(there, instead)
    file = folder / "configuration"
    file.write_text(text, encoding="utf-8")
    found = program(kind)
    assert found is not None
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(
            [found, *KINDS[kind].command(file, folder)],
            stdout=said,
            stderr=said,
            cwd=folder,
            env={"HOME": str(folder), "PATH": SEARCHED},
            start_new_session=True,
        )
        try:
            until(
                lambda: _listens(port) or process.poll() is not None,
                message=lambda: (folder / "said").read_text(),
            )
            assert process.poll() is None, (folder / "said").read_text()
            yield Proxy(kind, port, certificate)
        finally:
            # Some wait for streams; and none has anything to lose.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
