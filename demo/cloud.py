"""The emulated cloud as a person sees it: its state in a few lines, and calls made by hand.

Behind `python -m demo cloud`; the calls go through the real SDK under a key of their own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions
from Tea.exceptions import TeaException

from demo.stage import ACCOUNT, Stage
from ram_emulator.gateway import ACTIONS
from ram_emulator.registry import SERVICES

Entity = Mapping[str, Any]
_SINGULAR: Final = {"roles": "role", "groups": "group", "users": "user", "policies": "policy"}


class CallFailed(RuntimeError):
    """The cloud refused a call; the message is its code and sentence."""


def show(stage: Stage, nouns: Collection[str] = ()) -> str:
    """The account's entities, one line each; `nouns` (keys of NOUNS) chooses among them."""
    state = stage.admin.state(ACCOUNT)
    lines = [
        f"{_SINGULAR[noun]:<6} {name}: {NOUNS[noun](entity)}"
        for noun in NOUNS
        if noun in nouns or not nouns
        for name, entity in sorted(state[noun].items())
    ]
    return "\n".join(lines or ["(none)"])


def call(stage: Stage, action: str, parameters: Mapping[str, str]) -> str:
    """One call by hand, named as in the API, of any action that the emulator has.

    A list is written as JSON. An action that several services have is RAM's, unless it is written
    `ims:TagResources`. Returns the answer of a read, of a write only its request id. Raises
    CallFailed.
    """
    version, name = _found(action)
    config = Config(
        access_key_id=stage.hand_key_id,
        access_key_secret=stage.hand_key_secret,
        endpoint=stage.endpoint,
        protocol="http",
    )
    what = Params(
        action=name,
        version=version,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    request = OpenApiRequest(query=dict(parameters))
    try:
        body: dict[str, Any] = Client(config).call_api(what, request, RuntimeOptions())["body"]
    except TeaException as error:
        raise CallFailed(f"{error.code}: {(error.data or {}).get('Message', '')}") from None
    if ACTIONS[version, name].effect == "read":
        return json.dumps(body, indent=2, ensure_ascii=False)
    return json.dumps({"RequestId": body["RequestId"]})


def _found(action: str) -> tuple[str, str]:
    """The version and the name of an action; RAM's comes first."""
    service, _, name = action.rpartition(":")
    if service not in ("", *SERVICES.values()):
        known = ", ".join(SERVICES.values())
        raise CallFailed(f"there is no service {service} here; known: {known}")
    for version, word in SERVICES.items():
        if service in ("", word) and (version, name) in ACTIONS:
            return version, name
    raise CallFailed(f"{service or 'the demo'} has no action {name}")


def writes(stage: Stage, since: int = 0) -> list[dict[str, Any]]:
    """What the operator changed in the cloud after journal entry `since`."""
    return [
        entry
        for entry in stage.admin.journal(ACCOUNT, since=since, writes=True)
        if entry["effect"] == "write" and entry["caller"] == stage.operator_arn
    ]


def counted(entries: Iterable[Mapping[str, Any]]) -> str:
    """Calls by action, in the order of their first appearance."""
    counts = Counter(str(entry["action"]) for entry in entries)
    each = (name if n == 1 else f"{n} x {name}" for name, n in counts.items())
    return ", ".join(each) or "none"


def _role(role: Entity) -> str:
    return f"trusts {_trusts(role['trust'])}; has {_policies(role['policies'])}"


def _policy(policy: Entity) -> str:
    return f"{policy['defaultVersion']}, attached to {_list(policy['attachments'], 'nothing')}"


def _group(group: Entity) -> str:
    return f"members {_list(group['members'], 'none')}; has {_policies(group['policies'])}"


def _user(user: Entity) -> str:
    ways = [f"access key {key['id'][:8]}... ({key['status']})" for key in user["accessKeys"]]
    ways += ["password"] if "loginProfile" in user else []
    return (
        f"in {_list(user['groups'], 'no group')}; has {_policies(user['policies'])};"
        f" signs in by {_list(ways, 'nothing')}"
    )


def _list(texts: Iterable[str], none: str) -> str:
    return ", ".join(texts) or none


def _policies(attached: Iterable[Iterable[str]]) -> str:
    return _list(("/".join(pair) for pair in sorted(map(tuple, attached))), "no policy")


def _trusts(document: Mapping[str, Any]) -> str:
    found = []
    for statement in document["Statement"]:
        names = [
            name
            for values in statement["Principal"].values()
            for name in ([values] if isinstance(values, str) else values)
        ]
        keys = [key for pairs in statement.get("Condition", {}).values() for key in pairs]
        found.append(", ".join(names) + (f" (with {', '.join(keys)})" if keys else ""))
    return " and ".join(found)


NOUNS: Final[Mapping[str, Callable[[Entity], str]]] = {
    "roles": _role,
    "groups": _group,
    "users": _user,
    "policies": _policy,
}
"""What `demo cloud` can show, in the order in which it does."""
