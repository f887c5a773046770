"""`kubectl ram unmanaged`: what is left of an account, and how it is shown."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.cli import cmd_unmanaged, unmanaged_list
from ram_operator.cli.unmanaged_list import Cloud, Cluster, Reading
from ram_operator.cloud.list_calls import Row
from ram_operator.kinds.account import account_settings
from ram_operator.model.vocabulary import Origin

ADMIN = documents.parse_policy(
    {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
READS = documents.parse_policy(
    {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]}
)
STRANGER = documents.parse_trust(
    {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"RAM": ["acs:ram::2000000000000002:root"]},
            }
        ],
    }
)


def rows(*names: str, origin: Origin = Origin.ACCOUNT) -> dict[str, Row]:
    return {name.lower(): Row(name, b"", origin) for name in names}


def cluster(*managed: tuple[str, str], **spec: Any) -> Cluster:
    return Cluster(frozenset(managed), account_settings("main", {"accountId": "1", **spec}))


class Reader:
    """Documents and trusts, and how often each was read."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()

    def says(self, policy: str) -> tuple[documents.Policy, ...]:
        self.read[policy] += 1
        return {"System/Admin": (ADMIN,), "Custom/Own": (ADMIN,)}.get(policy, (READS,))

    def trust(self, role: str) -> documents.Trust | None:
        self.read[role] += 1
        return STRANGER

    def reading(self, *, trusts: bool = True) -> Reading:
        return Reading(self.says, self.trust if trusts else None)


CLOUD = Cloud(
    "1",
    {
        "RamRole": {
            **rows("Ours", "Theirs", "tmp-1"),
            **rows("linked", origin=Origin.SERVICE_LINKED),
        },
        "RamUser": {**rows("ann", "bob"), **rows("mirrored", origin=Origin.PROVISIONED)},
        "RamGroup": rows("ops"),
        "RamPolicy": rows("Own", "harmless"),
    },
    {
        "role/theirs": frozenset({"System/Admin", "System/AliyunOSSReadOnlyAccess"}),
        "role/ours": frozenset({"System/Never"}),
        "group/ops": frozenset({"Custom/Own"}),
        "user/bob": frozenset({"Custom/harmless"}),
    },
    {"user/ann": ["ops"]},
)
IGNORE = {"ignore": [{"kind": "RamRole", "name": "tmp-*", "reason": "x"}]}


def test_what_is_left_is_judged_and_each_thing_read_once() -> None:
    reader = Reader()
    here = cluster(("RamRole", "ours"), inventory=IGNORE)
    found = unmanaged_list.judged(here, CLOUD, reader.reading())
    every = "allows every action (*)"
    outside = "acs:ram::2000000000000002:root may assume it from outside the account"
    assert [(one.severity.value, one.kind, one.name, one.why) for one in found.items] == [
        ("critical", "RamGroup", "ops", f"Custom/Own {every}"),
        ("critical", "RamRole", "Theirs", f"System/Admin {every}; {outside}"),
        ("critical", "RamUser", "ann", f"by group ops: Custom/Own {every}"),
        ("warning", "RamPolicy", "Own", every),
        ("info", "RamPolicy", "harmless", ""),
        ("info", "RamUser", "bob", ""),
    ]
    assert found.counts == {"managed": 1, "serviceLinked": 1, "provisioned": 1, "ignored": 1}
    names = ("System/Admin", "Custom/Own", "Custom/harmless", "Theirs")
    assert reader.read == dict.fromkeys(names, 1)


def test_without_trusts_none_is_read_and_nothing_is_said_of_them() -> None:
    reader = Reader()
    found = unmanaged_list.judged(cluster(), CLOUD, reader.reading(trusts=False))
    assert not {"Theirs", "Ours"} & reader.read.keys()
    assert all("outside" not in one.why and "trusts" not in one.why for one in found.items)


def test_nothing_of_the_cloud_fools_a_terminal() -> None:
    odd = "evil\x1b[2J\u202e\nRamRole"
    cloud = Cloud("1", {"RamUser": rows(odd)}, {}, {})
    found = unmanaged_list.judged(cluster(), cloud, Reader().reading())
    assert found.table().splitlines()[1:] == [
        "info       RamUser   evil\\u001b[2J\\u202e\\nRamRole   -"
    ]
    (item,) = found.document()["items"]
    assert item["name"] == "evil\\u001b[2J\\u202e\\nRamRole"


def test_the_document_says_what_was_not_seen() -> None:
    here = Cluster(frozenset(), account_settings("", {"accountId": "1"}), ("not seen",))
    found = unmanaged_list.judged(here, Cloud("1", {}, {}, {}), Reader().reading())
    assert found.document() == {
        "apiVersion": "plugin.ram.alibabacloud.com/v1alpha1",
        "kind": "UnmanagedIdentityList",
        "accountId": "1",
        "notListed": {},
        "unseen": ["not seen"],
        "items": [],
    }


def test_what_rules_leave_out_is_said_beside_the_list() -> None:
    """The rules may hide all there is, and then nobody may be told that there is nothing."""
    ignore = {"inventory": {"ignore": [{"kind": "RamRole", "name": "*"}]}}
    for names, said in ((["a", "b"], "2 more that nobody manages are not listed"), ([], "")):
        cloud = Cloud("1", {"RamRole": rows(*names)}, {}, {})
        found = unmanaged_list.judged(cluster(**ignore), cloud, Reader().reading())
        assert found.items == ()
        assert found.left_out.startswith(said)
        assert bool(found.left_out) is bool(names)
        told: list[str] = []
        console = SimpleNamespace(say=told.append)
        run: Any = SimpleNamespace(arguments=SimpleNamespace(output=""), console=console)
        cmd_unmanaged._write(run, found)
        assert told == [found.left_out or "Account 1 has nothing that nobody manages."]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, False),
        ({"rateLimit": {"reads": 1}}, False),
        ({"gate": {"trustedAccounts": ["2000000000000002"]}}, True),
        ({"inventory": {"ignore": [{"kind": "RamRole", "name": "*"}]}}, True),
    ],
)
def test_of_two_ramaccounts_with_unlike_rules_it_says_whose_count(spec: Any, said: bool) -> None:
    """Neither is better than the other, and what either hides nobody would look for."""
    items = [
        {"metadata": {"name": "b"}, "spec": {"accountId": "1", **spec}},
        {"metadata": {"name": "a"}, "spec": {"accountId": "1"}},
        {"metadata": {"name": "c"}, "spec": {"accountId": "2", **spec}},
    ]
    access: Any = SimpleNamespace(every=lambda *_: items)
    unseen: list[str] = []
    assert cmd_unmanaged._account(access, "1", unseen).name == "a"
    assert [("what a trusts" in each, ", and b says" in each) for each in unseen] == [
        (True, True)
    ] * said


FEDERATED = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {
                "Federated": [
                    "acs:ram::1:saml-provider/Corp",
                    "acs:ram::1:oidc-provider/ack-rrsa-c1",
                    "acs:ram::2:oidc-provider/theirs",
                ]
            },
        }
    ],
}


def test_a_provider_is_managed_where_the_trust_of_a_role_names_it() -> None:
    trust = documents.parse_trust(FEDERATED, lenient=True)
    managed = cmd_unmanaged._providers(trust, "1")
    assert managed == {("RamSamlProvider", "corp")}
    assert cmd_unmanaged._providers(None, "1") == set()
    assert cmd_unmanaged._trust({"spec": {"trustPolicy": FEDERATED}}) is not None
    assert cmd_unmanaged._trust({"spec": {}}) is None
    assert cmd_unmanaged._trust({"spec": {"trustPolicy": "text"}}) is None
    oidc = {**rows("ci"), **rows("ack-rrsa-c1", origin=Origin.PROVISIONED)}
    found_rows = {"RamSamlProvider": rows("Corp", "staff"), "RamOidcProvider": oidc}
    cloud = Cloud("1", found_rows, {}, {})
    found = unmanaged_list.judged(cluster(*managed), cloud, Reader().reading())
    assert [(one.kind, one.name, one.severity.value) for one in found.items] == [
        ("RamOidcProvider", "ci", "info"),
        ("RamSamlProvider", "staff", "info"),
    ]
    assert found.counts == {"managed": 1, "provisioned": 1}
