"""Documents of policies that others manage, kept for a moment. Read before something is attached.

Called by `rights`; judges nothing. A policy that cannot be read raises, and never counts as empty.
"""

from __future__ import annotations

import threading
from typing import Final

from .. import documents
from ..errors import Bug
from ..model import CloudCalls
from . import answers

KEPT_SECONDS: Final = 60.0
"""So long a thousand roles that get the same policy share one look at it."""


class PolicyDocuments:
    """The default versions of one account's policies. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], tuple[float, documents.Policy]] = {}

    def read(self, calls: CloudCalls, kind: str, name: str, now: float) -> documents.Policy:
        """The document of `kind` (System or Custom) and `name`; `now` on the monotonic clock.

        Raises errors.*, Absent among them.
        """
        key = (kind, name.lower())
        with self._lock:
            at, document = self._found.get(key, (0.0, None))
        if document is not None and now - at < KEPT_SECONDS:
            return document
        body = calls.call("GetPolicy", {"PolicyName": name, "PolicyType": kind})
        version = answers.part(body, "GetPolicy", "DefaultPolicyVersion", "PolicyDocument")
        text = version["PolicyDocument"]
        try:
            document = documents.parse_policy(text, lenient=True)
        except documents.DocumentError as error:
            raise Bug(f"the document of policy {kind}/{name} cannot be read: {error}") from None
        with self._lock:
            self._found[key] = (now, document)
        return document

    def forget(self, kind: str, name: str) -> None:
        """Read it anew next time: it was just written, or it is one that nobody should wait for."""
        with self._lock:
            self._found.pop((kind, name.lower()), None)
