"""A SAML identity provider: a key and a certificate, made anew in each run, and what it signs."""

from __future__ import annotations

import base64
import functools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

from tests.emulator.calls import invoke, trust
from tests.emulator.conftest import Cloud

ENTITY = "https://idp.example/saml"
RECIPIENT = "https://signin.aliyun.com/saml-role/sso"
AUDIENCE = "urn:alibaba:cloudcomputing"
NAMES = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
_EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0


def encoded(text: str | bytes) -> str:
    """A document as it travels."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def moment(seconds: float) -> str:
    """The time in so many seconds, as SAML writes it."""
    return datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Says:
    """What an assertion says; good unless a field is replaced."""

    role: str
    session: str | None = "ann@shop.example"
    issuer: str = ENTITY
    subject: str = "ann"
    recipient: str = RECIPIENT
    audience: str | None = AUDIENCE
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    ends: str | None = field(default_factory=lambda: moment(300))
    begins: str = field(default_factory=lambda: moment(-300))
    until: str = field(default_factory=lambda: moment(300))
    condition: str = ""
    more: str = ""

    def xml(self) -> str:
        """The assertion without a signature."""
        end = "" if self.ends is None else f'NotOnOrAfter="{self.ends}"'
        audience = (
            ""
            if self.audience is None
            else "<saml:AudienceRestriction>"
            f"<saml:Audience>{self.audience}</saml:Audience></saml:AudienceRestriction>"
        )
        return (
            f'<saml:Assertion xmlns:saml="{NAMES["saml"]}" ID="_good" Version="2.0"'
            f' IssueInstant="{moment(0)}"><saml:Issuer>{self.issuer}</saml:Issuer><saml:Subject>'
            '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">'
            f"{self.subject}</saml:NameID>"
            f'<saml:SubjectConfirmation Method="{self.method}"><saml:SubjectConfirmationData {end}'
            f' Recipient="{self.recipient}"/></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{self.begins}" NotOnOrAfter="{self.until}">{audience}'
            f"{self.condition}</saml:Conditions>"
            f"<saml:AttributeStatement>{_attribute('Role', self.role)}"
            f"{_attribute('RoleSessionName', self.session)}"
            f"{_attribute('SessionDuration', '900')}</saml:AttributeStatement>{self.more}"
            "</saml:Assertion>"
        )


def _attribute(name: str, value: str | None) -> str:
    if value is None:
        return ""
    full = f"https://www.aliyun.com/SAML-Role/Attributes/{name}"
    values = "".join(
        f"<saml:AttributeValue>{each}</saml:AttributeValue>" for each in value.split(" ")
    )
    return f'<saml:Attribute Name="{full}">{values}</saml:Attribute>'


class _Any(XMLSigner):
    """Signs by SHA-1, too, which the library does not do by itself any more."""

    def check_deprecated_methods(self) -> None:
        """No method is too old."""


class Signer:
    """A key with its certificate, which is good for a day unless `days` moves its end."""

    def __init__(self, days: int = 1) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        now = datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .sign(self.key, hashes.SHA256())
        )

    def sign(self, assertion: str, signs: str = "_good", **options: Any) -> str:
        """An assertion with its signature, where the schema of SAML has it.

        signs: the id of what is signed; options: those of the library.
        """
        root = etree.fromstring(assertion)
        place = etree.Element(
            f"{{{NAMES['ds']}}}Signature", {"Id": "placeholder"}, {"ds": NAMES["ds"]}
        )
        root.insert(1, place)
        signer = _Any(**{"c14n_algorithm": _EXCLUSIVE, **options})
        pem = self.certificate.public_bytes(Encoding.PEM).decode()
        signed = signer.sign(root, key=self.key, cert=pem, reference_uri=signs)
        return etree.tostring(signed).decode()


def signer(name: str = "one") -> Signer:
    """The signer of that name; `old` has a certificate that has ended."""
    return _made(name)


@functools.cache
def _made(name: str) -> Signer:
    return Signer(days=-1 if name == "old" else 1)


def metadata(*signers: Signer, entity: str = ENTITY, use: str = 'use="signing"') -> str:
    """The metadata of the identity provider with these certificates."""
    keys = "".join(
        f'<KeyDescriptor {use}><KeyInfo xmlns="{NAMES["ds"]}"><X509Data><X509Certificate>'
        f"{encoded(each.certificate.public_bytes(Encoding.DER))}"
        "</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        for each in signers
    )
    return (
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">'
        f"<IDPSSODescriptor>{keys}</IDPSSODescriptor></EntityDescriptor>"
    )


def response(inner: str, status: str = "Success", before: str = "", version: str = "2.0") -> str:
    """A response that holds this, ready to be sent."""
    return encoded(
        f'{before}<samlp:Response xmlns:samlp="{NAMES["samlp"]}" ID="_r" Version="{version}">'
        f'<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/>'
        f"</samlp:Status>{inner}</samlp:Response>"
    )


def saying(role: str, **changes: Any) -> str:
    """A response of the first signer; what is given stands in place of what is good."""
    return response(signer().sign(Says(role, **changes).xml()))


def set_up(cloud: Cloud, document: str = "", recipient: str = RECIPIENT) -> dict[str, Any]:
    """A provider, a role that trusts it, and what a call for it has besides the response."""
    text = document or metadata(signer())
    invoke(
        cloud.ims(),
        "CreateSAMLProvider",
        SAMLProviderName="Corp",
        EncodedSAMLMetadataDocument=encoded(text),
    )
    provider = f"acs:ram::{cloud.id}:saml-provider/Corp"
    condition = {"StringEquals": {"saml:recipient": recipient}}
    allowed = trust(provider, kind="Federated", Condition=condition)
    invoke(cloud.ram(), "CreateRole", RoleName="Deploy", AssumeRolePolicyDocument=allowed)
    return {"SAMLProviderArn": provider, "RoleArn": f"acs:ram::{cloud.id}:role/Deploy"}


def role_attribute(cloud: Cloud) -> str:
    """The value of the attribute Role, as the guide has it."""
    return f"acs:ram::{cloud.id}:role/deploy,acs:ram::{cloud.id}:saml-provider/Corp"
