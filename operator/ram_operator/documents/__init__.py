"""RAM trust and permission documents: parse, canonical form and digest, compare, take in common.

Everything that judges a document comes through here. Pure: no I/O, clock or environment. Verdicts
are sound (see docs/decisions/002-comparing-documents.md); "unknown" is an answer, never a guess.
"""

from __future__ import annotations

from .actions import reads_only
from .canonical import (
    NOBODY,
    Effect,
    Grant,
    Kind,
    Policy,
    Principal,
    Trust,
    digests,
    trust_principals,
)
from .comparing import (
    Comparison,
    Verdict,
    compare_policy,
    compare_trust,
    documents_equal_policy,
)
from .document_error import DocumentError
from .escalation import denies, escalates, given_free, indirect, only_denies, reaches
from .globs import TooComplex
from .grammar import EQUIVALENCES, Certainty, Equivalence
from .identity_grants import (
    denied_text,
    exceeds_rights,
    identity_grants,
    identity_text,
    indirect_grants,
    together,
    within_identity_grants,
)
from .intersection import intersect_trust
from .names import is_pattern, mentioned, stands_for
from .parsing import (
    parse_policy,
    parse_trust,
    unlisted_keys,
    unreadable_policy,
    unreadable_trust,
)
from .parts import compare_each
from .principals import NOUNS
from .reading import tree_of
from .subjects import binds, binds_subject

__all__ = [
    "EQUIVALENCES",
    "NOBODY",
    "NOUNS",
    "Certainty",
    "Comparison",
    "DocumentError",
    "Effect",
    "Equivalence",
    "Grant",
    "Kind",
    "Policy",
    "Principal",
    "TooComplex",
    "Trust",
    "Verdict",
    "binds",
    "binds_subject",
    "compare_each",
    "compare_policy",
    "compare_trust",
    "denied_text",
    "denies",
    "digests",
    "documents_equal_policy",
    "escalates",
    "exceeds_rights",
    "given_free",
    "identity_grants",
    "identity_text",
    "indirect",
    "indirect_grants",
    "intersect_trust",
    "is_pattern",
    "mentioned",
    "only_denies",
    "parse_policy",
    "parse_trust",
    "reaches",
    "reads_only",
    "stands_for",
    "together",
    "tree_of",
    "trust_principals",
    "unlisted_keys",
    "unreadable_policy",
    "unreadable_trust",
    "within_identity_grants",
]
