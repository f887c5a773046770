"""The row of RamPolicy. Pure."""

from __future__ import annotations

import re
from typing import Final

from ..model.changes import Ungated
from ..model.steps import WriteDocument
from ..model.vocabulary import Evaluator, Lends
from .entries import TAGS, as_policy, attribute
from .schema import Escalation, Field, Kind, Shape

DOCUMENT: Final = Field(
    "document",
    "document",
    Shape.POLICY,
    read="get",
    parse=as_policy,
    judged=(Evaluator.DOCUMENT,),
    write=WriteDocument,
    required=True,
    escalates=Escalation.DOCUMENT,
)
POLICY: Final = Kind(
    kind="RamPolicy",
    plural="rampolicies",
    short="arp",
    noun="policy",
    name_field="policyName",
    name_pattern=re.compile(r"[A-Za-z0-9-]{1,128}"),
    trusted_as="",
    creation=Ungated("nobody has a policy when it is made: who gets it later is judged then"),
    deletion=Ungated("RAM deletes no policy that anybody has: whoever loses it is judged before"),
    lends=Lends.ATTACHED,
    reads=("tags",),
    tag_field="tags",
    fields=(
        DOCUMENT,
        attribute("description"),
        TAGS,
    ),
)
