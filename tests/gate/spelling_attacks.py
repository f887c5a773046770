"""Attacks by spelling: what looks like what was agreed on and means something else, or the reverse.

Rows for the table in `attacks`. What is equal in meaning is neither held nor written.
"""

from __future__ import annotations

import json
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab import RequestFailed
from lab.world import World, trust
from tests.gate.approving import approve, held, say
from tests.gate.attacks import ECS, FC, LOG, NAME, NOBODY, OUTSIDER, ROLE, Attack, Story, a_role
from tests.gate.triples import Entry, Moment, Resource

Json = dict[str, Any]
REFUSED: Final = ("InvalidSpec",)
NOTHING: Final = ("Synced",)
AT_HOME: Final = {"IpAddress": {"acs:SourceIp": ["192.0.2.0/24"]}}
WITH_MFA: Final = {"Bool": {"acs:MFAPresent": ["true"]}}
LIMIT: Final = 2048


def statement(*principals: tuple[str, str], condition: Json | None = None) -> Json:
    """One statement for all of them."""
    named: dict[str, list[str]] = {}
    for kind, name in principals:
        named.setdefault(kind, []).append(name)
    found: Json = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": named}
    return found if condition is None else {**found, "Condition": condition}


def document(*statements: Json) -> Json:
    return {"Version": "1", "Statement": list(statements)}


def rewritten(before: Json, after: Json, *, taken: bool = True) -> Story:
    """An agreed trust is written anew. Where it is not `taken`, the API server says so at once."""

    def story(world: World) -> tuple[int, str, str]:
        start = a_role(world, trustPolicy=before)
        try:
            world.edit(ROLE, NAME, trustPolicy=after)
            assert taken, "the API server takes it"
        except RequestFailed as error:
            if taken or error.status != 422:
                raise
        say(world, ROLE, NAME, approve=NOBODY)
        return start, ROLE, NAME

    return story


def renamed(before: str, after: str, *, taken: bool = True) -> Story:
    """The same with a user or role of the account as the one who is trusted."""

    def story(world: World) -> tuple[int, str, str]:
        for kind, name in (("RamUser", "deployer"), ("RamRole", "runner")):
            spec = {} if kind == "RamUser" else {"trustPolicy": trust(FC)}
            world.create(kind, name, spec)
            world.ready(kind, name)
        world.settle()
        one, two = (("RAM", f"acs:ram::{world.account_id}:{text}") for text in (before, after))
        return rewritten(trust(one), trust(two), taken=taken)(world)

    return story


def spelled_account(world: World) -> tuple[int, str, str]:
    """The account's number in digits of another script: the same to the eye."""
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in world.account_id)
    agreed = ("RAM", f"acs:ram::{world.account_id}:root")
    return rewritten(trust(agreed), trust(("RAM", f"acs:ram::{wide}:root")), taken=False)(world)


def twice(world: World) -> tuple[int, str, str]:
    """By hand: a key that is there twice. Who reads the last one sees what was agreed on."""
    world.admin.set_behaviours(world.account_id, {"role_document_reformatted": False})
    start = a_role(world, driftPolicy="Report")
    stranger = json.dumps({"RAM": [OUTSIDER[1]]})
    agreed = json.dumps({"Service": [FC[1]]})
    text = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{stranger},"Principal":{agreed}}}]}}'
    )
    request = ram.UpdateRoleRequest(
        role_name=NAME, new_assume_role_policy_document=text, new_allow_console_login=False
    )
    world.hand.update_role(request)
    world.settle()
    world.look(ROLE, NAME)
    return start, ROLE, NAME


def long_trust(size: int) -> Json:
    """A trust of exactly so many bytes that names FC first and an outsider last."""
    fill = "".join("abcdefghij"[at % 10] for at in range(size))
    names: list[str] = []
    # Compact, as it is sent; the filler is users of other accounts, who need not exist.
    for at in range(40):
        names.append(f"acs:ram::1{at:015d}:root")
        made = document(statement(FC, *(("RAM", name) for name in (*names, OUTSIDER[1]))))
        left = size - len(json.dumps(made, separators=(",", ":")))
        if left < 80:
            break
    condition = {"StringEquals": {"sts:ExternalId": [""]}}
    made = document(
        statement(FC, *(("RAM", n) for n in (*names, OUTSIDER[1])), condition=condition)
    )
    left = size - len(json.dumps(made, separators=(",", ":")))
    assert left > 0
    condition["StringEquals"]["sts:ExternalId"] = [fill[:left]]
    return made


def at_the_limit(world: World) -> tuple[int, str, str]:
    """The longest trust that RAM takes; what is bad about it comes last."""
    start = a_role(world)
    world.edit(ROLE, NAME, trustPolicy=long_trust(LIMIT))
    role = held(world, ROLE, NAME)
    assert OUTSIDER[1] in role["status"]["pending"]["after"]
    return start, ROLE, NAME


def over_the_limit(world: World) -> tuple[int, str, str]:
    """One byte longer, and approved: it is refused as a whole, and no part of it is sent."""
    start = a_role(world)
    world.edit(ROLE, NAME, trustPolicy=long_trust(LIMIT + 1))
    approve(world, ROLE, NAME)
    return start, ROLE, NAME


_CYRILLIC: Final = "\N{CYRILLIC SMALL LETTER A}"
_TWO: Final = trust(FC, ECS, condition=AT_HOME)
_BOTH: Final = {**AT_HOME, **WITH_MFA}
TRUSTS: Final = (Entry.MANIFEST, Resource.TRUST, Moment.SETTLED)
CONDITIONS: Final = (Entry.MANIFEST, Resource.CONDITION, Moment.SETTLED)
BY_HAND: Final = (Entry.TRUST_BY_HAND, Resource.TRUST, Moment.SETTLED)
SPELLING_ATTACKS: Final = (
    Attack(
        "a service that looks like the agreed one",
        rewritten(trust(FC), trust(("Service", f"fc.{_CYRILLIC}liyuncs.com")), taken=False),
        TRUSTS,
        NOTHING,
    ),
    Attack(
        "a user who looks like the agreed one",
        renamed("user/deployer", "user/d\u0435ployer", taken=False),
        TRUSTS,
        NOTHING,
    ),
    Attack("an account in other digits", spelled_account, TRUSTS, NOTHING),
    Attack("a user in other letter case", renamed("user/deployer", "user/Deployer"), TRUSTS),
    Attack("a role in other letter case", renamed("role/runner", "role/RUNNER"), None, NOTHING),
    Attack(
        "a service in other letter case",
        rewritten(trust(FC), trust((FC[0], "FC.aliyuncs.com"))),
        TRUSTS,
    ),
    Attack(
        "a text for a list",
        rewritten(trust(FC), document({**statement(FC), "Principal": {"Service": FC[1]}})),
        None,
        NOTHING,
    ),
    Attack(
        "a list with the agreed one and another",
        rewritten(trust(FC), document(statement(FC, LOG))),
        TRUSTS,
    ),
    Attack(
        "conditions in another order",
        rewritten(
            trust(FC, condition=_BOTH),
            document(
                {
                    "Condition": dict(reversed(_BOTH.items())),
                    **dict(reversed(statement(FC).items())),
                }
            ),
        ),
        None,
        NOTHING,
    ),
    Attack(
        "a condition emptied",
        rewritten(trust(FC, condition=AT_HOME), trust(FC, condition={})),
        CONDITIONS,
    ),
    Attack("a condition left out", rewritten(trust(FC, condition=AT_HOME), trust(FC)), CONDITIONS),
    Attack(
        "a condition without values",
        rewritten(
            trust(FC, condition=AT_HOME),
            trust(FC, condition={"IpAddress": {"acs:SourceIp": []}}),
            taken=False,
        ),
        CONDITIONS,
        NOTHING,
    ),
    Attack(
        "two conditions become two statements with one each",
        rewritten(
            trust(FC, condition=_BOTH),
            document(statement(FC, condition=AT_HOME), statement(FC, condition=WITH_MFA)),
        ),
        CONDITIONS,
    ),
    Attack(
        "statements merged",
        rewritten(_TWO, document(statement(FC, ECS, condition=AT_HOME))),
        None,
        NOTHING,
    ),
    Attack(
        "a statement split",
        rewritten(document(statement(FC, ECS, condition=AT_HOME)), _TWO),
        None,
        NOTHING,
    ),
    Attack("a statement repeated", rewritten(trust(FC), trust(FC, FC)), None, NOTHING),
    Attack(
        "statements merged under the condition of one",
        rewritten(
            document(statement(FC, condition=AT_HOME), statement(ECS, condition=_BOTH)),
            document(statement(FC, ECS, condition=AT_HOME)),
        ),
        CONDITIONS,
    ),
    Attack("a key that is there twice by hand", twice, BY_HAND, ("Drifted",)),
    Attack("a trust as long as RAM takes", at_the_limit, TRUSTS),
    Attack("a trust that is too long for RAM", over_the_limit, TRUSTS, REFUSED),
)
