"""What a rule is, and what it looks at. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..constants import Severity
from .checks import Case, Parts


class On(StrEnum):
    """What a rule looks at, and so when it can be judged."""

    TRUST = "creation and change"
    CHANGE = "change"
    NAME = "creation"
    GRANT = "grant of a right"
    PROVIDER = "change of a provider"
    DOCUMENT = "permission document"
    ACCESS = "ways to sign in"
    IDENTITY = "identity as it is"


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` yields, per thing that breaks the rule, what `sentence` has gaps for.

    What fills the gaps are the facts of the finding, in the digest of an approval. Gaps of `worded`
    are filled by sentences, and what these are made of is in the digest by itself: documents before
    and after, identity grants of policies, states of providers. `revision` is raised when the rule
    comes to mean something else; then its offers are made anew.
    """

    id: str
    title: str
    severity: Severity
    on: On
    sentence: str
    remedy: str
    check: Callable[[Case], Parts]
    worded: frozenset[int] = frozenset()
    revision: int = 1
