"""Whose turn it is at what is shared: which account a key belongs to.

Called by the wiring, for the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..kinds.table import ACCOUNT
from ..model.objects import Key
from .cache import Cache

NOBODYS: Final = "?"
"""The account of all objects that name one which is not there: anybody may think of a name, and
each would have a turn of its own.
"""


def group_of(cache: Cache) -> Callable[[Key], str]:
    """The account of a key; of RamAccounts "", so that they wait for nobody's objects."""

    def group(key: Key) -> str:
        facts = cache.facts(key)
        if facts is None or not facts.account:
            return ""
        known = cache.facts(Key(ACCOUNT, "", facts.account)) is not None
        return facts.account if known else NOBODYS

    return group
