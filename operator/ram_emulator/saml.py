"""Reading SAML 2.0: the metadata of an identity provider, and the assertion that it signed.

Verifying is signxml's; here stands which certificate is believed, what has to be signed, and that
nothing is read but what was. Called by `federated_saml`; knows nothing of RAM.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier

_NAMES = {
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
# What else a signature may do to its text before the digest could hide something from it.
_TRANSFORMS = {
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
}
_CONDITIONS = {"AudienceRestriction", "OneTimeUse", "ProxyRestriction"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


class SamlError(ValueError):
    """What came is no document of this kind, or not signed by whom it should be."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an identity provider says of itself: its name, and the certificates that it signs by."""

    entity_id: str
    certificates: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion; its times, audience and recipient are not judged yet.

    ends: the ends that it names, in seconds since the epoch; begins: the beginnings. audiences: of
    each restriction those that it allows. attributes: the values of each attribute by its name.
    """

    issuer: str
    subject: str
    subject_format: str
    recipient: str
    ends: tuple[float, ...]
    begins: tuple[float, ...]
    audiences: tuple[frozenset[str], ...]
    attributes: dict[str, tuple[str, ...]]


def read_metadata(encoded: str) -> Metadata:
    """The metadata of one identity provider in Base64; SamlError for anything else."""
    root = _document(encoded, "md:EntityDescriptor")
    descriptor = _one(root, "md:IDPSSODescriptor")
    keys = [
        key for key in _all(descriptor, "md:KeyDescriptor") if key.get("use") in (None, "signing")
    ]
    texts = [_text(found) for key in keys for found in _all(key, ".//ds:X509Certificate")]
    entity = root.get("entityID")
    if not entity or not texts:
        raise SamlError("an identity provider has a name and a certificate")
    return Metadata(entity, tuple(_certificate(text) for text in texts))


def read_response(encoded: str, signers: Sequence[x509.Certificate], now: float) -> Assertion:
    """The one assertion of a response in Base64, as one of the signers signed it.

    SamlError if there is not exactly one, or if none of the signers has signed all of it.
    """
    root = _document(encoded, "samlp:Response")
    status = _one(root, "samlp:Status/samlp:StatusCode")
    if root.get("Version") != "2.0" or status.get("Value") != _SUCCESS:
        raise SamlError("the response is of no success")
    # Wherever it stands: a second one is how a signature is moved to what it does not cover.
    found = _one(root, "//saml:Assertion")
    if found.getparent() is not root or _all(root, "//saml:EncryptedAssertion"):
        raise SamlError("the assertion does not stand in the response")
    return _assertion(_signed(found, signers, now))


def _document(encoded: str, name: str) -> Any:
    """The root of a document in Base64, which has that name and no document type."""
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
        root = etree.fromstring(data, _parser())
    except (ValueError, etree.LxmlError):
        raise SamlError("no XML in Base64") from None
    # Entities and default values come from a document type, which nobody here needs.
    if root.getroottree().docinfo.doctype:
        raise SamlError("a document type is not accepted")
    if root.tag != _tag(name):
        raise SamlError(f"no {name}")
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _signed(found: Any, signers: Sequence[x509.Certificate], now: float) -> Any:
    """The assertion as it was signed: what the library canonicalised, and nothing beside it."""
    signature = _one(found, "ds:Signature")
    transforms = _all(signature, "ds:SignedInfo/ds:Reference/ds:Transforms/ds:Transform")
    if not {each.get("Algorithm") for each in transforms} <= _TRANSFORMS:
        raise SamlError("the signature transforms its text in another way")
    for signer in signers:
        signed = _verified(found, signer, now)
        if signed is None:
            continue
        if signed.tag != found.tag or signed.get("ID") != found.get("ID"):
            raise SamlError("the signature is that of something else")
        return signed
    raise SamlError("the assertion is not signed by its issuer")


def _verified(found: Any, signer: x509.Certificate, now: float) -> Any:
    config = SignatureConfiguration(
        location="./", verification_time=datetime.fromtimestamp(now, UTC)
    )
    try:
        result = XMLVerifier().verify(
            etree.tostring(found, with_tail=False), x509_cert=signer, expect_config=config
        )
    except Exception:
        # The library has no closed list of what it raises over a stranger's text. Whatever it was,
        # nothing is verified.
        return None
    return None if isinstance(result, list) else result.signed_xml


def _assertion(signed: Any) -> Assertion:
    if signed.get("Version") != "2.0" or signed.xpath("//comment()|//processing-instruction()"):
        raise SamlError("the assertion is of another version, or has what nobody reads")
    issuer = _one(signed, "saml:Issuer")
    subject = _one(signed, "saml:Subject")
    name = _one(subject, "saml:NameID")
    confirmation = _one(subject, "saml:SubjectConfirmation")
    data = _one(confirmation, "saml:SubjectConfirmationData")
    conditions = _one(signed, "saml:Conditions")
    if confirmation.get("Method") != _BEARER or data.get("NotOnOrAfter") is None:
        raise SamlError("the subject is confirmed in another way, or without an end")
    if not {etree.QName(each).localname for each in conditions} <= _CONDITIONS:
        raise SamlError("the assertion has a condition that is not known")
    return Assertion(
        issuer=_text(issuer),
        subject=_text(name),
        subject_format=name.get("Format", ""),
        recipient=data.get("Recipient", ""),
        ends=_times("NotOnOrAfter", data, conditions),
        begins=_times("NotBefore", data, conditions),
        audiences=tuple(
            frozenset(_text(each) for each in _all(restriction, "saml:Audience"))
            for restriction in _all(conditions, "saml:AudienceRestriction")
        ),
        attributes=_attributes(signed),
    )


def _attributes(signed: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in _all(signed, "saml:AttributeStatement/saml:Attribute"):
        name = each.get("Name", "")
        values = tuple(_text(value) for value in _all(each, "saml:AttributeValue"))
        found[name] = found.get(name, ()) + values
    return found


def _times(attribute: str, *elements: Any) -> tuple[float, ...]:
    given = [each.get(attribute) for each in elements if each.get(attribute) is not None]
    return tuple(_seconds(text) for text in given)


def _seconds(text: str) -> float:
    """A moment of XML Schema; one without a zone is of UTC, as SAML has it."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        raise SamlError("a time cannot be read") from None


def _certificate(text: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode("".join(text.split())))
    except ValueError:
        raise SamlError("a certificate cannot be read") from None


def _text(element: Any) -> str:
    """All text of an element without children, without the spaces around it."""
    if len(element):
        raise SamlError("there is an element where a text should be")
    return (element.text or "").strip()


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_NAMES[prefix]}}}{local}"


def _all(element: Any, path: str) -> list[Any]:
    found: list[Any] = element.xpath(path, namespaces=_NAMES)
    return found


def _one(element: Any, path: str) -> Any:
    found = _all(element, path)
    if len(found) != 1:
        raise SamlError(f"there are {len(found)} of {path}")
    return found[0]
