"""What identity providers are, kept for a moment. Read wherever a trust names them.

Called by `federation`; judges nothing. A provider that cannot be read raises, and never counts as
one that does not exist.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from .. import providers
from ..errors import Absent
from ..model import CloudCalls
from . import answers

KEPT_SECONDS: Final = 10.0
"""So long a thousand roles that trust the same provider share one look at it."""


class ProviderFacts:
    """The identity providers of one account. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, str]] = {}

    def read(self, calls: CloudCalls, name: str, now: float, *, fresh: bool) -> str:
        """What the provider is, as `providers` writes it; `now` on the monotonic clock.

        `name` is as in its ARN, `oidc-provider/git`. With `fresh` True the cloud is asked.
        Raises errors.*; one that does not exist is providers.ABSENT.
        """
        with self._lock:
            at, text = self._found.get(name, (0.0, ""))
        if text and not fresh and now - at < KEPT_SECONDS:
            return text
        noun, _, plain = name.partition("/")
        try:
            text = _READS[noun](calls, plain)
        except Absent:
            text = providers.ABSENT
        with self._lock:
            self._found[name] = (now, text)
        return text


def _answer(calls: CloudCalls, what: str, name: str, needs: str) -> Mapping[str, Any]:
    """One without what makes it a provider is no answer, not a provider that is otherwise."""
    body = calls.call(f"IMS.Get{what}", {f"{what}Name": name})
    return answers.part(body, f"Get{what}", what, needs)


def _oidc(calls: CloudCalls, name: str) -> str:
    found = _answer(calls, "OIDCProvider", name, "IssuerUrl")
    return providers.oidc(
        str(found["IssuerUrl"]),
        _listed(found.get("ClientIds")),
        _listed(found.get("Fingerprints")),
        str(found.get("IssuanceLimitTime") or ""),
    )


def _listed(text: Any) -> list[str]:
    return [part.strip() for part in str(text or "").split(",") if part.strip()]


def _saml(calls: CloudCalls, name: str) -> str:
    needs = "EncodedSAMLMetadataDocument"
    # It may be broken into lines, another way each time.
    text = "".join(str(_answer(calls, "SAMLProvider", name, needs)[needs]).split())
    try:
        return providers.saml(base64.b64decode(text, validate=True))
    except ValueError:
        return providers.saml(text.encode())


_READS: Final[Mapping[str, Callable[[CloudCalls, str], str]]] = {
    "oidc-provider": _oidc,
    "saml-provider": _saml,
}
