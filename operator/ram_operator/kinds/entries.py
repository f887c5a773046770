"""How values of manifests are parsed, and the fields that several kinds have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .. import documents
from ..model.changes import Ungated
from ..model.objects import Entry
from ..model.steps import Attach, Detach, Tag, Untag, WriteAttributes
from ..model.vocabulary import Evaluator, PolicyType
from .schema import UNTIL, Escalation, Field, Reference, Shape


def as_text(value: Any) -> str:
    return str(value)


def as_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected a whole number")
    return value


def as_trust(value: Any) -> documents.Trust:
    return documents.parse_trust(value)


def as_policy(value: Any) -> documents.Policy:
    return documents.parse_policy(value)


def policy_key(policy_type: str, name: str) -> str:
    """Folded key of an attachment; RAM looks names up without regard to case."""
    return f"{policy_type}/{name.lower()}"


def policy_entries(value: Any) -> dict[str, Entry]:
    """`[{type, name}]` with references resolved → entries."""
    return {
        policy_key(item["type"], item["name"]): Entry(
            f"{item['type']}/{item['name']}", until=item.get(UNTIL, "")
        )
        for item in value
    }


ATTACHED_AS: Final = "attachedAs"
"""In what was read of an identity: of each policy that it has, the version that is in force, as
`display`, and when it was attached, as `value`.
"""


def custom_key(name: str) -> str:
    return policy_key(PolicyType.CUSTOM, name)


def is_custom(key: str) -> bool:
    return key.startswith(custom_key(""))


def only_reads(key: str) -> bool:
    """Whether an attachment's folded key is that of a system policy that allows reading alone."""
    kind, _, name = key.partition("/")
    return kind == PolicyType.SYSTEM and documents.reads_only(name)


def member_entries(value: Any) -> dict[str, Entry]:
    """`[{type, name}]` with references resolved → users by folded name."""
    return {
        str(item["name"]).lower(): Entry(str(item["name"]), until=item.get(UNTIL, ""))
        for item in value
    }


def names_entries(value: Any) -> dict[str, Entry]:
    """A list of names → entries."""
    return {str(name).lower(): Entry(str(name)) for name in value}


def tag_entries(value: Mapping[str, Any]) -> dict[str, Entry]:
    """`{key: value}` → entries; tag keys are case-sensitive."""
    return {str(key): Entry(str(key), str(text)) for key, text in value.items()}


POLICY_REFERENCE: Final = Reference(
    "policies", "RamPolicy", "RamPolicy", PolicyType.CUSTOM, custom_key, is_custom
)


TOLD: Final = Ungated("it tells people what something is, and gives nothing")
MARKED: Final = Ungated(
    "tags say whose an identity is; what conditions of policies make of others is not judged"
)


def attribute(name: str) -> Field:
    """A text among the attributes of a kind; unmanaged when the manifest lacks it."""
    return Field(
        name, name, Shape.TEXT, read="get", parse=as_text, judged=TOLD, write=WriteAttributes
    )


POLICIES: Final = Field(
    "policies",
    "policies",
    Shape.ENTRIES,
    read="attachments",
    parse=policy_entries,
    judged=(Evaluator.ATTACHMENT, Evaluator.DENIAL, Evaluator.END),
    add=Attach,
    remove=Detach,
    default={},
    entries_widen=True,
    escalates=Escalation.ATTACHMENT,
    mode="policyMode",
)
TAGS: Final = Field(
    "tags",
    "tags",
    Shape.ENTRIES,
    read="tags",
    parse=tag_entries,
    judged=MARKED,
    add=Tag,
    remove=Untag,
    default={},
    foreign=True,
)
