"""What an identity provider is, as a text: equal for providers that let in the same; and what of it
people are shown, and agree on. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .. import documents
from .changes import PROVIDERS, Change, Held
from .objects import Entry, FieldValue, UnknownPart
from .sentences import clip
from .vocabulary import Direction

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
_SHOWN: Final = 1024
LISTS: Final = {"clients": "tokens for client id {}", "fingerprints": "the certificate {}"}
"""What another entry lets in, by the list that it is in."""


def oidc(issuer: str, clients: Iterable[str], fingerprints: Iterable[str], hours: str = "") -> str:
    """What an OIDC provider is. `hours` is how old a token may be."""
    found: dict[str, Any] = {
        "issuer": issuer,
        "clients": sorted(set(clients)),
        "fingerprints": sorted({text.lower() for text in fingerprints}),
    }
    return _text({**found, "hours": hours} if hours else found)


def saml(metadata: bytes) -> str:
    """What a SAML provider is: its metadata byte by byte, the certificates among them."""
    return _text({"metadata": "sha256:" + hashlib.sha256(metadata).hexdigest()})


def _text(found: Mapping[str, Any]) -> str:
    text = json.dumps(found, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    if len(text) <= _LIMIT:
        return text
    # It says which it is, and no more than that.
    whole = {WHOLE: "sha256:" + hashlib.sha256(text.encode()).hexdigest()}
    return json.dumps({**whole, "issuer": str(found.get("issuer", ""))[:256]}, sort_keys=True)


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


def shown(held: Held) -> tuple[Change, ...]:
    """What people are to look at: what is held, and what the providers of a held trust are."""
    listed = {(change.field, change.entry) for change in held.changes}
    beside = [
        Change(PROVIDERS, entry, entry, Direction.NEUTRAL, key)
        for key, entry in (held.context.get(PROVIDERS) or {}).items()
        if (PROVIDERS, key) not in listed
    ]
    return (*held.changes, *beside)


def accepted(context: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, str]:
    """What an approval agrees on: providers that changed, and those of an approved trust."""
    listed = list(changes)
    found = {
        change.entry: change.after.value
        for change in listed
        if change.field == PROVIDERS and isinstance(change.after, Entry)
    }
    if any(isinstance(change.after, documents.Trust) for change in listed):
        seen = context.get(PROVIDERS) or {}
        found |= {key: entry.value for key, entry in seen.items()}
    return found


def sentences(change: Change) -> tuple[list[str], list[str]]:
    """Who is let in now and who no longer, for people."""
    assert isinstance(change.before, Entry)
    assert isinstance(change.after, Entry)
    name = change.after.display
    was, now = facts(change.before), facts(change.after)
    if not now:
        return [], [f"{name} does not exist any more, so nobody comes in by it"]
    if not was:
        return [f"{name} exists now, and lets in whom it was made for"], []
    if WHOLE in was or WHOLE in now:
        # Lists that are cut short must not look as if entries had come or gone.
        return [f"{name} is another one than was agreed on, which cannot be shown in full"], []
    gains = [f"{name} accepts {text} now" for text in _more(was, now)]
    losses = [f"{name} no longer accepts {text}" for text in _more(now, was)]
    plain = sorted((was.keys() | now.keys()) - LISTS.keys())
    gains += [
        f"{name} has another {key}, which decides whom it lets in:"
        f" {clip(str(now.get(key)))} instead of {clip(str(was.get(key)))}"
        for key in plain
        if was.get(key) != now.get(key)
    ]
    return gains, losses


def drift_values(change: Change) -> tuple[str, str]:
    """(was, now): what was agreed on, and what became of it."""
    assert isinstance(change.before, Entry)
    gains, losses = sentences(change)
    return clip(change.before.value), clip("; ".join((*gains, *losses)), _SHOWN)


def _more(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        text.format(clip(entry))
        for key, text in LISTS.items()
        for entry in sorted(set(now.get(key) or ()) - set(was.get(key) or ()))
    ]


def facts(entry: Entry) -> Mapping[str, Any]:
    """What the text of a provider says; empty for one that does not exist."""
    try:
        found = json.loads(entry.value)
    except ValueError:
        found = None
    # Written by hand or by another version: different from whatever is true.
    return found if isinstance(found, dict) else {"text": entry.value}
