"""The row of RamPolicy. Pure."""

from __future__ import annotations

import re
from typing import Final

from ..model.steps import WriteDocument
from ..model.vocabulary import Lends
from .entries import TAGS, as_policy, attribute
from .schema import Escalation, Field, Kind, Shape

DOCUMENT: Final = Field(
    "document",
    "document",
    Shape.POLICY,
    read="get",
    parse=as_policy,
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
    lends=Lends.ATTACHED,
    reads=("tags",),
    tag_field="tags",
    fields=(
        DOCUMENT,
        attribute("description"),
        TAGS,
    ),
)
