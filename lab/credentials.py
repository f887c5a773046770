"""Keys and certificates of a throw-away control plane, and kubeconfig files that use them.

Called by controlplane.py and connection.py. Everything it makes is valid for one test run on one
machine; none of it may leave the run's directory.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
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
    certificate, key = _authority("ram-operator test client CA")
    _write_key(directory / "client-ca.key", key)
    _write_private(directory / "client-ca.crt", _pem(certificate))


def write_serving_certificate(directory: Path) -> None:
    """Writes server-ca.crt, and server.crt and server.key for 127.0.0.1.

    On an elliptic curve: a handshake costs the API server a tenth of what it does with the RSA key
    that it would make itself, and kubectl and tests shake hands some ten thousand times in a run.
    """
    authority, authority_key = _authority("ram-operator test server CA")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _builder(name, authority.subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issued_by, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_private(directory / "server-ca.crt", _pem(authority))
    _write_private(directory / "server.crt", _pem(certificate))
    _write_key(directory / "server.key", key)


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


def _authority(common_name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    signs = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, **signs), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


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
