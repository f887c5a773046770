"""Keys and certificates of a throw-away control plane, and kubeconfig files that use them.

Called by controlplane.py and connection.py. Everything it makes is valid for one test run on one
machine; none of it may leave the run's directory.
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=7)  # `up` may stay up over a weekend


def write_service_account_key(path: Path) -> None:
    """Writes an RSA key with which the API server signs and checks ServiceAccount tokens."""
    _write_key(path, rsa.generate_private_key(public_exponent=65537, key_size=2048))


def write_client_ca(directory: Path) -> None:
    """Writes client-ca.crt and client-ca.key, which make any user name a client certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ram-operator test client CA")])
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(directory / "client-ca.key", key)
    _write_private(directory / "client-ca.crt", _pem(certificate))


def client_certificate(directory: Path, user: str, groups: Sequence[str]) -> tuple[bytes, bytes]:
    """A certificate and key (PEM) that the API server takes for this user in these groups."""
    ca = x509.load_pem_x509_certificate((directory / "client-ca.crt").read_bytes())
    ca_key = serialization.load_pem_private_key((directory / "client-ca.key").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups),
            x509.NameAttribute(NameOID.COMMON_NAME, user),
        ]
    )
    certificate = (
        _builder(subject, ca.subject, key.public_key())
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return _pem(certificate), _key_pem(key)


def client_certificate_user(certificate: bytes, key: bytes) -> dict[str, str]:
    """The user entry of a kubeconfig that authenticates with a certificate."""
    return {
        "client-certificate-data": base64.b64encode(certificate).decode(),
        "client-key-data": base64.b64encode(key).decode(),
    }


def write_kubeconfig(path: Path, url: str, ca_file: Path, user: Mapping[str, str]) -> Path:
    """Writes a kubeconfig with one context. JSON is YAML, and needs no library to be written."""
    ca = base64.b64encode(ca_file.read_bytes()).decode()
    cluster = {"server": url, "certificate-authority-data": ca}
    context = {"cluster": "local", "user": "local", "namespace": "default"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": cluster}],
        "users": [{"name": "local", "user": dict(user)}],
        "contexts": [{"name": "local", "context": context}],
        "current-context": "local",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_private(path, json.dumps(document, indent=1).encode())
    return path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    _write_private(path, _key_pem(key))


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
