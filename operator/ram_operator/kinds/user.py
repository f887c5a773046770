"""The row of RamUser. Pure."""

from __future__ import annotations

import re
from typing import Final

from ..model.changes import Ungated
from ..model.steps import Detach, Leave, Mark, Revoke, Unbind
from ..model.vocabulary import Evaluator, Lends
from . import sign_in
from .entries import MARKED, POLICIES, POLICY_REFERENCE, attribute, names_entries, tag_entries
from .schema import Escalation, Field, Kind, Shape

USER: Final = Kind(
    kind="RamUser",
    plural="ramusers",
    short="aru",
    noun="user",
    name_field="userName",
    name_pattern=re.compile(r"[A-Za-z0-9._-]{1,64}"),
    trusted_as="user",
    creation=(Evaluator.NAME,),
    deletion=(Evaluator.DELETION,),
    lends=Lends.NOTHING,
    reads=("attachments", "groups", "access", "mfa", "user tags"),
    tag_field="tags",
    references=(POLICY_REFERENCE,),
    # Nobody logs in any more before anything goes that may deny him something.
    clears=(("access", Revoke), ("mfa", Unbind), ("groups", Leave), ("policies", Detach)),
    claim_first=True,
    fields=(
        attribute("displayName"),
        attribute("email"),
        attribute("mobilePhone"),
        attribute("comments"),
        POLICIES,
        # A login profile or a key that nobody agreed on: reported, for a person to decide.
        Field(
            sign_in.FIELD,
            "",
            Shape.ENTRIES,
            read="access",
            parse=names_entries,
            judged=(Evaluator.ACCESS,),
            default={},
            entries_widen=True,
            escalates=Escalation.SIGN_IN,
            as_found="accessMode",
            show="access",
        ),
        # Written on the group, shown here.
        Field(
            "groups",
            "",
            Shape.ENTRIES,
            read="groups",
            parse=names_entries,
            judged=Ungated("written on the group, whose members are judged"),
            show="groups",
        ),
        Field(
            "mfa",
            "",
            Shape.ENTRIES,
            read="mfa",
            parse=names_entries,
            judged=Ungated("never written, but taken away before the user is"),
        ),
        # Our mark alone, through IMS: RAM has no tags for users.
        Field(
            "tags",
            "",
            Shape.ENTRIES,
            read="user tags",
            parse=tag_entries,
            judged=MARKED,
            add=Mark,
            default={},
            foreign=True,
            optional=True,
            after_create=True,
        ),
    ),
)
