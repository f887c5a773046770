"""Small values for tests of the pure decisions, and a model of a role in the cloud.

The model carries out steps by their meaning and shares no code with cloud.execute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ram_operator import documents
from ram_operator.constants import AdoptionPolicy, DeletionPolicy, DriftPolicy, Mode
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.entries import policy_entries, tag_entries
from ram_operator.kinds.schema import PLAIN
from ram_operator.kinds.table import KINDS
from ram_operator.model.objects import Account, Key, Options, Owner, Tenant
from ram_operator.model.records import Agreed, RecordFacts
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.steps import (
    Attach,
    Detach,
    Note,
    Step,
    Tag,
    Untag,
    WriteAttributes,
    WriteDocument,
    WriteTrust,
)
from ram_operator.model.vocabulary import Presence
from ram_operator.planning import plan

Json = dict[str, Any]
ACCOUNT_ID: Final = "1000000000000001"
OTHER_ID: Final = "2000000000000002"
ROLE: Final = KINDS["RamRole"]
POLICY: Final = KINDS["RamPolicy"]
KEY: Final = Key("RamRole", "team", "app")
OWNER: Final = Owner("test", "team", "app")
NOW: Final = 1_700_000_000.0
FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")
ANN: Final = ("RAM", f"acs:ram::{ACCOUNT_ID}:user/ann")
OUTSIDER: Final = ("RAM", f"acs:ram::{OTHER_ID}:root")
OPTIONS: Final = Options(
    "default", DeletionPolicy.RETAIN, AdoptionPolicy.NEVER, DriftPolicy.REVERT_EXCESS, False, None
)
TENANT: Final = Tenant(
    "team", frozenset({"RamRole", "RamPolicy"}), ("*",), (("System", "*"), ("Custom", "*")), True
)
ACCOUNT: Final = Account(
    name="default",
    account_id=ACCOUNT_ID,
    mode=Mode.MANAGE,
    suspend=False,
    tenants={"team": TENANT},
    protected_names=frozenset(),
    protected_prefixes=(),
    trusted_accounts=frozenset(),
    interval=600.0,
)
HARMLESS: Final = frozenset(
    {*(f"System/{name}" for name in "abcd"), *(f"Custom/{name}" for name in "abcd"), "Custom/read"}
)
"""Folded keys of the policies that tests attach without a thought for what they allow."""
ALLOW_READ: Final = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
ALLOW_ALL: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def trust_json(*principals: tuple[str, str], condition: Json | None = None) -> Json:
    """A trust document for these (key, principal) pairs."""
    by_key: dict[str, list[str]] = {}
    for key, name in principals:
        by_key.setdefault(key, []).append(name)
    statement: Json = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": by_key}
    if condition is not None:
        statement["Condition"] = condition
    return {"Version": "1", "Statement": [statement]}


def trust(*principals: tuple[str, str], condition: Json | None = None) -> documents.Trust:
    return documents.parse_trust(trust_json(*principals, condition=condition), lenient=True)


def policy(*statements: Json) -> documents.Policy:
    return documents.parse_policy({"Version": "1", "Statement": list(statements)}, lenient=True)


def attachment(name: str) -> Json:
    """`System/Name` → an item of spec.policies."""
    kind, _, rest = name.partition("/")
    return {"type": kind, "name": rest}


def wanted(
    spec: Mapping[str, Any], resolved: Mapping[Key, desire.Resolved] | None = None
) -> Desired:
    """RamRole spec → Desired; without a trustPolicy FC is trusted."""
    full = {"trustPolicy": trust_json(FC), **spec}
    circumstances = desire.Circumstances(OWNER, NOW)
    return desire.build(ROLE, KEY, full, resolved or {}, circumstances)


def wanted_policy(**spec: Any) -> Desired:
    """RamPolicy spec → Desired; without a document it allows reading."""
    full = {"document": {"Version": "1", "Statement": [ALLOW_READ]}, **spec}
    key = Key("RamPolicy", "team", "app")
    return desire.build(POLICY, key, full, {}, desire.Circumstances(OWNER, NOW))


def live(**changes: Any) -> Live:
    """A role as the default spec makes it, with some fields otherwise."""
    return replace(made(wanted({})), fields={**made(wanted({})).fields, **changes})


def made(asked: Desired) -> Live:
    """What the cloud holds when everything was done as asked."""
    fields = {"description": "", **asked.fields}
    return Live(Presence.PRESENT, asked.cloud_name, "id-1", "arn", fields)


def policies(*names: str) -> dict[str, Any]:
    return policy_entries([attachment(name) for name in names])


def tags(**pairs: str) -> dict[str, Any]:
    return {**tag_entries(pairs), **desire.owner_tags(OWNER)}


def values(asked: Desired) -> dict[str, str]:
    """What a record says of the fields with one value, once all was done as asked."""
    names = [field.name for field in ROLE.fields if field.escalates in PLAIN]
    return {name: str(asked.fields[name]) for name in names if name in asked.fields}


def record(
    baseline: documents.Trust | None,
    document: documents.Policy | None = None,
    values: Mapping[str, str] | None = None,
) -> RecordFacts:
    unsaid = {"maxSessionDurationSeconds": "3600"} if baseline is not None else {}
    said = unsaid if values is None else values
    agreed = Agreed({"policies": {}, "members": {}}, document, said)
    return RecordFacts(True, OWNER, "uid", "id-1", baseline=baseline, agreed=agreed)


def inputs(asked: Desired, found: Live, memory: Memory) -> Inputs:
    row = POLICY if "document" in asked.fields else ROLE
    return Inputs(row, ACCOUNT, asked, found, memory)


def remembered(before: Desired, **options: Any) -> Memory:
    """Memory after `before` was created by us, with policies that are known to be harmless."""
    nothing = Memory(OPTIONS, Applied(), RecordFacts(), harmless_policies=HARMLESS)
    carried = before.fields.get("policies", {})
    assert isinstance(carried, Mapping)
    approved = replace(nothing, harmless_policies=HARMLESS | carried.keys())
    first = plan.create(inputs(before, made(before), approved))
    baseline = before.fields.get("trustPolicy")
    document = before.fields.get("document")
    assert baseline is None or isinstance(baseline, documents.Trust)
    assert document is None or isinstance(document, documents.Policy)
    return replace(
        nothing,
        options=replace(OPTIONS, **options),
        applied=first.applied,
        record=record(baseline, document, values(before)),
    )


def carry_out(found: Live, step: Step) -> Live:
    """The cloud after one step."""
    fields: dict[str, Any] = dict(found.fields)
    if isinstance(step, Note):
        return found
    if isinstance(step, WriteTrust):
        fields.update({**step.attributes, "trustPolicy": step.cleared.trust})
    elif isinstance(step, WriteAttributes):
        fields.update(step.attributes)
    elif isinstance(step, WriteDocument):
        fields["document"] = step.document
    elif isinstance(step, Attach | Tag):
        fields[step.field] = {**fields[step.field], **step.entries}
    else:
        assert isinstance(step, Detach | Untag), step
        gone = step.entries
        fields[step.field] = {k: v for k, v in fields[step.field].items() if k not in gone}
    return replace(found, fields=fields)


def from_outside(found: Inputs) -> Inputs:
    """The same role, as one that somebody from outside the account may assume, as was agreed."""
    here = trust(FC, OUTSIDER)
    desired = replace(found.desired, fields={**found.desired.fields, "trustPolicy": here})
    live = replace(found.live, fields={**found.live.fields, "trustPolicy": here})
    record = replace(found.memory.record, baseline=here)
    memory = replace(found.memory, record=record, outsiders=(OUTSIDER[1],))
    return replace(found, desired=desired, live=live, memory=memory)
