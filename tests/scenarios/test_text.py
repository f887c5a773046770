"""Texts that forge lines, hide and turn letters around, in every free field on both sides."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, World, trust
from tests.support import etcd
from tests.support.hands import Hands

Json = dict[str, Any]
ODD: Final = "\x1b[2J\x07\x7f\x85\x9b\u202e\u2066\u200e\u200b\ufeff\u2028\u2029\ue000"
FORGED: Final = f"x\r\nFORGED:  Ready True{ODD}"
ONE_LINE: Final = f"x{ODD}"
"""Where line breaks are not looked at."""


def condition(value: str) -> Json:
    return trust(
        ("Service", "fc.aliyuncs.com"), condition={"StringEquals": {"sts:ExternalId": value}}
    )


def document(value: str) -> Json:
    statement = {
        **DOCUMENT["Statement"][0],
        "Condition": {"StringEquals": {"oss:Prefix": [value]}},
    }
    return {"Version": "1", "Statement": [statement]}


def by_hand(world: World) -> None:
    """One of each, with odd texts in every field that people fill freely."""
    hands, hand = Hands(world), world.hand
    odd = {f"k{FORGED}"[:128]: FORGED}
    hands.create_role("web", condition(FORGED), description=FORGED, tags=odd)
    hands.create_policy("reader", document(FORGED), FORGED)
    hands.tag("policy", "reader", odd)
    hand.create_user(ram.CreateUserRequest(user_name="ann", display_name="Ann", comments=FORGED))
    hand.create_group(ram.CreateGroupRequest(group_name="dev", comments=FORGED))


ASKED: Final[dict[str, tuple[str, Json]]] = {
    "web": ("RamRole", {"trustPolicy": condition("x"), "description": "plain", "tags": {"a": "b"}}),
    "reader": ("RamPolicy", {"document": document("x"), "description": "plain"}),
    "ann": ("RamUser", {"displayName": "Ann", "comments": "plain"}),
    "dev": ("RamGroup", {}),
}
OF_BEFORE: Final[dict[str, Json]] = {
    "web": {"trustPolicy": condition(f"y{FORGED}"), "description": FORGED, "tags": {ONE_LINE: ODD}},
    "reader": {"document": document(f"y{FORGED}"), "description": FORGED},
    "ann": {"displayName": FORGED, "comments": FORGED},
    "dev": {"comments": FORGED},
}
"""As an older version of the kinds let them in."""


def odd_in(text: str) -> set[str]:
    found = (char for char in text if char != "\n")
    return {c for c in found if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}


def plugin(world: World, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ram_operator.cli.main", *words, "-n", world.namespace],
        env=world.cluster.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout + done.stderr


def shown(world: World, operator: OperatorProcess) -> dict[str, str]:
    """All that people get to see of these objects, by where."""
    found = {"the log": operator.log, "pending": plugin(world, "pending", "-o", "wide")}
    for name, (kind, _) in ASKED.items():
        item = world.get(kind, name)
        assert item is not None
        found[f"status of {name}"] = json.dumps(item["status"], ensure_ascii=False)
        for command in ("show", "history"):
            found[f"{command} {name}"] = plugin(world, command, f"{kind.lower()}/{name}")
        described = world.cluster.kubectl("describe", kind.lower(), name, "-n", world.namespace)
        # The manifest of an older version stands above it, as its author wrote it.
        found[f"describe {name}"] = "\nStatus:" + described.stdout.partition("\nStatus:")[2]
    events = [str(event["message"]) for event in world.events()]
    found["events"] = "\n".join(events)
    return found


def check(world: World, operator: OperatorProcess) -> None:
    for where, text in shown(world, operator).items():
        assert odd_in(text) == set(), where
        forged = [line for line in text.split("\n") if line.strip().startswith("FORGED")]
        assert forged == [], where


def test_no_text_forges_what_people_read(world: World, operator: OperatorProcess) -> None:
    by_hand(world)
    world.settle()
    for name, (kind, spec) in ASKED.items():
        world.create(kind, name, {"adoptionPolicy": "IfExists", "driftPolicy": "Report", **spec})
    for name, (kind, _) in ASKED.items():
        world.wait(kind, name, lambda item: bool(item["status"].get("cloudName")), "a look")
    for name in ("web", "reader"):
        status = world.look(ASKED[name][0], name)["status"]
        assert "FORGED" in json.dumps(status), "it is told, spelled out"
    check(world, operator)
    world.ready("RamGroup", "dev")
    assert world.cloud()["groups"]["dev"]["comments"] == FORGED, "left out, it stays"

    for name, spec in OF_BEFORE.items():
        kind = ASKED[name][0]
        item = world.get(kind, name)
        assert item is not None
        item["metadata"]["generation"] += 1
        etcd.put(world.cluster, {**item, "spec": {**item["spec"], **spec}})
    for name in OF_BEFORE:
        kind = ASKED[name][0]
        world.look(kind, name)
    check(world, operator)
    # What is compared is no other than it was: a second look finds nothing new.
    everything = [(kind, name) for name, (kind, _) in ASKED.items()]
    first, second = world.look_all(everything), world.look_all(everything)
    for name in ASKED:
        for part in ("written", "excess", "drift", "pending"):
            assert second[name]["status"].get(part) == first[name]["status"].get(part), (name, part)
