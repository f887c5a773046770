"""The row of RamGroup. Pure."""

from __future__ import annotations

import re
from typing import Final

from ..model.changes import Ungated
from ..model.steps import Detach, Expel, Join
from ..model.vocabulary import Evaluator, Lends
from .entries import POLICIES, POLICY_REFERENCE, attribute, member_entries
from .schema import Escalation, Field, Kind, Reference, Shape

GROUP: Final = Kind(
    kind="RamGroup",
    plural="ramgroups",
    short="arg",
    noun="group",
    name_field="groupName",
    name_pattern=re.compile(r"[A-Za-z0-9._-]{1,64}"),
    trusted_as="",
    creation=Ungated("no trust can name a group, and a new one has nothing"),
    deletion=(Evaluator.DELETION,),
    lends=Lends.JOINED,
    reads=("attachments", "members"),
    references=(
        POLICY_REFERENCE,
        Reference("members", "RamUser", "RamUser", "User", str.lower, bool),
    ),
    clears=(("members", Expel), ("policies", Detach)),
    claim_first=True,
    fields=(
        attribute("comments"),
        # Before the members: a group gets its rights first only where both are new anyway.
        POLICIES,
        Field(
            "members",
            "members",
            Shape.ENTRIES,
            read="members",
            parse=member_entries,
            judged=(Evaluator.MEMBERSHIP, Evaluator.DENIAL, Evaluator.END),
            add=Join,
            remove=Expel,
            default={},
            entries_widen=True,
            escalates=Escalation.MEMBERSHIP,
            mode="memberMode",
            carries="policies",
            prefixed=True,
            shown_on="RamUser",
        ),
    ),
)
