"""The row of RamRole. Pure."""

from __future__ import annotations

import re
from typing import Final

from .. import documents
from ..model.objects import Account
from ..model.steps import Detach, WriteAttributes, WriteTrust
from ..model.vocabulary import Evaluator, Lends
from .entries import POLICIES, POLICY_REFERENCE, TAGS, as_number, as_text, as_trust, attribute
from .schema import Escalation, Field, Kind, Shape

TRUST: Final = Field(
    "trustPolicy",
    "trustPolicy",
    Shape.TRUST,
    read="get",
    parse=as_trust,
    judged=(Evaluator.TRUST, Evaluator.PROVIDER),
    write=WriteTrust,
    required=True,
    gated=True,
)
ROLE: Final = Kind(
    kind="RamRole",
    plural="ramroles",
    short="arr",
    noun="role",
    name_field="roleName",
    name_pattern=re.compile(r"[A-Za-z0-9.-]{1,64}"),
    trusted_as="role",
    creation=(Evaluator.NAME,),
    deletion=(Evaluator.DELETION,),
    lends=Lends.NOTHING,
    reads=("attachments", "tags"),
    tag_field="tags",
    references=(POLICY_REFERENCE,),
    clears=(("policies", Detach),),
    fields=(
        TRUST,
        attribute("description"),
        POLICIES,
        # Behind the policies: what is detached in the same edit makes no longer session dangerous.
        Field(
            "maxSessionDurationSeconds",
            "maxSessionDurationSeconds",
            Shape.NUMBER,
            read="get",
            parse=as_number,
            judged=(Evaluator.SESSION,),
            write=WriteAttributes,
            default=3600,
            larger_is_wider=True,
            escalates=Escalation.SESSION,
            carries="policies",
        ),
        Field(
            "consoleLogin",
            "consoleLogin",
            Shape.TEXT,
            read="get",
            parse=as_text,
            judged=(Evaluator.CONSOLE,),
            write=WriteAttributes,
            widest="Allow",
            on_creation="Deny",
            escalates=Escalation.CONSOLE,
            carries="policies",
            show="consoleLogin",
        ),
        TAGS,
    ),
)
NOT_OURS: Final = frozenset(
    {
        documents.Kind.SAML,
        documents.Kind.OIDC,
        documents.Kind.WILDCARD,
        documents.Kind.UNKNOWN,
    }
)
"""Kinds of principals whose members nobody in the account decides about."""


def outsiders(account: Account, *trusts: documents.Trust | None) -> tuple[str, ...]:
    """Who may assume the role from outside the account: other accounts and what acts for them,
    identity providers, wildcards. Services of the account itself are none.
    """
    found = {
        principal.raw
        for trust in trusts
        for principal in (documents.trust_principals(trust) if trust is not None else ())
        if principal.account_id not in ("", account.account_id) or principal.kind in NOT_OURS
    }
    return tuple(sorted(found))
