"""A certificate for 127.0.0.1 that nobody else trusts."""

import ssl
import subprocess
from pathlib import Path


def a_certificate(folder: Path) -> Path:
    """Return a PEM file with key and certificate, made with the openssl command."""
    path = folder / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = folder / "key.pem"
    subprocess.run([*command, *names, "-keyout", key, "-out", path], check=True, capture_output=True)  # noqa: S603 - ours
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


def a_server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context
