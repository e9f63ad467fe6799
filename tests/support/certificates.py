"""Authorities and certificates, made for a test by openssl."""

import hashlib
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem")


class Pair:
    """A certificate and its key."""

    def __init__(self, certificate_pem: bytes, key_pem: bytes) -> None:
        self.certificate_pem = certificate_pem
        self.key_pem = key_pem

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate_pem.decode())).hexdigest()

    def put(self, certificate: Path, key: Path) -> None:
        """Write both, as what renews them does: the new beside the old, then in its place."""
        for file, content in ((certificate, self.certificate_pem), (key, self.key_pem)):
            beside = file.with_suffix(".new")
            beside.write_bytes(content)
            beside.replace(file)


class Authority(Pair):
    """Signs certificates."""

    def __init__(self, name: str = "An authority") -> None:
        with tempfile.TemporaryDirectory() as folder:
            _openssl(folder, "req", "-x509", *KEY, "-out", "cert.pem", "-days", "9", "-subj", f"/CN={name}")
            super().__init__(*_pair(folder))

    def issue(self, name: str = "localhost", *, days: int = 90, address: str | None = "127.0.0.1") -> Pair:
        """Return a certificate for a name and an address; one of negative days is over."""
        names = f"subjectAltName=DNS:{name}" + (f",IP:{address}" if address else "")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "names").write_text(names)
            Path(folder, "ca.pem").write_bytes(self.certificate_pem + self.key_pem)
            _openssl(folder, "req", *KEY, "-out", "request.pem", "-subj", f"/O=Example/CN={name}")
            signing = ("-CA", "ca.pem", "-CAkey", "ca.pem", "-CAcreateserial", "-days", str(days))
            made = ("-in", "request.pem", "-extfile", "names", "-out", "cert.pem")
            _openssl(folder, "x509", "-req", *signing, *made)
            return Pair(*_pair(folder))


def locked(pair: Pair, passphrase: str) -> bytes:
    """Return the pair's key, locked."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key.pem").write_bytes(pair.key_pem)
        locking = ("-in", "key.pem", "-aes256", "-passout", f"pass:{passphrase}", "-out", "locked.pem")
        _openssl(folder, "pkey", *locking)
        return Path(folder, "locked.pem").read_bytes()


def _pair(folder: str) -> tuple[bytes, bytes]:
    return Path(folder, "cert.pem").read_bytes(), Path(folder, "key.pem").read_bytes()


def _openssl(folder: str, *arguments: str) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)


class Files:
    """What the service reads, and the authority that its clients trust."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.authority = authority
        self.certificate, self.key, self.ca = (folder / name for name in ("cert.pem", "key.pem", "ca.pem"))
        self.ca.write_bytes(authority.certificate_pem)

    def put(self, pair: Pair) -> None:
        pair.put(self.certificate, self.key)

    @property
    def settings(self) -> dict[str, Any]:
        return {"tls_cert": self.certificate, "tls_key": self.key}

    @property
    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)
