"""What an identity provider is, as a text: equal for providers that let in the same. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .. import documents
from .objects import FieldValue, UnknownPart

ABSENT: Final = "{}"
"""What a provider is that does not exist."""
_KINDS: Final = {
    documents.Kind.SAML: "saml-provider",
    documents.Kind.OIDC: "oidc-provider",
}
_LIMIT: Final = 8192
"""What a record has room for: fifty client ids, five certificates."""
WHOLE: Final = "digest"
"""Stands for what is too long."""


def oidc(issuer: str, clients: Iterable[str], fingerprints: Iterable[str], hours: str = "") -> str:
    """What an OIDC provider is. `hours` is how old a token may be."""
    facts: dict[str, Any] = {
        "issuer": issuer,
        "clients": sorted(set(clients)),
        "fingerprints": sorted({text.lower() for text in fingerprints}),
    }
    return _text({**facts, "hours": hours} if hours else facts)


def saml(metadata: bytes) -> str:
    """What a SAML provider is: its metadata byte by byte, the certificates among them."""
    return _text({"metadata": "sha256:" + hashlib.sha256(metadata).hexdigest()})


def _text(facts: Mapping[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    if len(text) <= _LIMIT:
        return text
    # It says which it is, and no more than that.
    whole = {WHOLE: "sha256:" + hashlib.sha256(text.encode()).hexdigest()}
    return json.dumps({**whole, "issuer": str(facts.get("issuer", ""))[:256]}, sort_keys=True)


def named(trust: FieldValue | UnknownPart | None, account_id: str) -> tuple[str, ...]:
    """The providers of this account that a trust names, sorted.

    What names all providers, or one of another account, cannot be looked at: rules warn of it.
    """
    found = set()
    for grant in trust.grants if isinstance(trust, documents.Trust) else ():
        principal = grant.principal
        if principal is None or principal.account_id != account_id:
            continue
        noun = _KINDS.get(principal.kind)
        if noun is not None and not set("*?") & set(principal.name):
            found.add(f"{noun}/{principal.name}")
    return tuple(sorted(found))
