"""KIND/NAME as people write it → the object meant. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .. import constants
from ..kinds.group import GROUP
from ..kinds.policy import POLICY
from ..kinds.role import ROLE
from ..kinds.table import PLURALS
from ..kinds.user import USER
from .outcomes import Failed

SHORT_NAMES: Final = {row.kind: row.short for row in (ROLE, POLICY, USER, GROUP)}
"""The managed kinds in the order of lists, with the short names of their definitions."""
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One object of a managed kind."""

    namespace: str
    kind: str
    name: str

    @property
    def plural(self) -> str:
        return PLURALS[self.kind]

    @property
    def short(self) -> str:
        """As people write it: ramrole/shop-auditor."""
        return f"{self.kind.lower()}/{self.name}"

    @property
    def full(self) -> str:
        """As `kubectl -o name` writes it."""
        return f"{self.kind.lower()}.{constants.GROUP}/{self.name}"


def parse(text: str, namespace: str) -> Target:
    """Reads `ramrole/x`, plural, short name or with the group. Raises Failed with what to write."""
    word, slash, name = text.partition("/")
    kind = _KINDS.get(word.lower().removesuffix(f".{constants.GROUP}"))
    if not slash or kind is None:
        known = ", ".join(kind.lower() for kind in SHORT_NAMES)
        raise Failed(f"{text!r} is no KIND/NAME; kinds are {known}; for example ramrole/auditor")
    if not _NAME.fullmatch(name):
        raise Failed(f"{name!r} is no name of an object")
    return Target(namespace, kind, name)


_KINDS: Final = {
    word: kind
    for kind, short in SHORT_NAMES.items()
    for word in (kind.lower(), PLURALS[kind], short)
}
