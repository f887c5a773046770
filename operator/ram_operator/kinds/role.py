"""The row of RamRole. Pure."""

from __future__ import annotations

import re
from typing import Final

from ..model.steps import Detach, WriteAttributes, WriteTrust
from ..model.vocabulary import Lends
from .entries import POLICIES, POLICY_REFERENCE, TAGS, as_number, as_trust, attribute
from .schema import Escalation, Field, Kind, Shape

TRUST: Final = Field(
    "trustPolicy",
    "trustPolicy",
    Shape.TRUST,
    read="get",
    parse=as_trust,
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
            write=WriteAttributes,
            default=3600,
            larger_is_wider=True,
            escalates=Escalation.SESSION,
            carries="policies",
        ),
        TAGS,
    ),
)
