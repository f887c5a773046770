"""The block of an account's record that says whose deletions are stopped. Pure.

By namespace, in the values of `RecordFacts.brakes`; "" stands for the whole account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def read(block: Mapping[str, Any]) -> dict[str, str]:
    """Since when, by namespace."""
    whole = {"": block["engagedAt"]} if block.get("engagedAt") else {}
    found = {**whole, **(block.get("namespaces") or {})}
    return {str(name): str(since) for name, since in found.items() if since}


def block(brakes: Mapping[str, str]) -> dict[str, Any]:
    """The part of a merge patch: a time of "" takes the stop out."""
    parts = {name: since or None for name, since in brakes.items() if name}
    found: dict[str, Any] = {"engagedAt": brakes[""] or None} if "" in brakes else {}
    return {**found, "namespaces": parts} if parts else found
