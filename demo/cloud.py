"""The emulated cloud as a person sees it: its state in a few lines, and calls made by hand.

Behind `python -m demo cloud`; the calls go through the real SDK under a key of their own.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import alibabacloud_ram20150501.client as ram_client
import alibabacloud_ram20150501.models as ram_models
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

from demo.stage import ACCOUNT, Stage


class CallFailed(RuntimeError):
    """The cloud refused a call; the message is its code and sentence."""


def show(stage: Stage) -> str:
    """Roles and custom policies of the account, one line each."""
    state = stage.admin.state(ACCOUNT)
    lines = [
        f"role   {name}: trusts {_trusts(role['trust'])}; has {_policies(role['policies'])}"
        for name, role in sorted(state["roles"].items())
    ]
    lines += [
        f"policy {name}: {policy['defaultVersion']}, attached to "
        + (", ".join(policy["attachments"]) or "nothing")
        for name, policy in sorted(state["policies"].items())
    ]
    return "\n".join(lines or ["(no role, no custom policy)"])


def call(stage: Stage, action: str, parameters: Mapping[str, str]) -> str:
    """One RAM call by hand, named as in RAM's API; a list is written as JSON.

    Returns the answer of a read, of a write only its request id. Raises CallFailed.
    """
    config = Config(
        access_key_id=stage.hand_key_id,
        access_key_secret=stage.hand_key_secret,
        endpoint=stage.endpoint,
        protocol="http",
    )
    try:
        values = {k: json.loads(v) if v.startswith("[") else v for k, v in parameters.items()}
    except ValueError:
        raise CallFailed("a value that begins with [ has to be a JSON list") from None
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
    try:
        send = getattr(ram_client.Client(config), method)
        request = getattr(ram_models, f"{action}Request")().from_map(values)
    except AttributeError:
        raise CallFailed(f"RAM has no action {action}") from None
    try:
        body: dict[str, Any] = send(request).body.to_map()
    except TeaException as error:
        raise CallFailed(f"{error.code}: {(error.data or {}).get('Message', '')}") from None
    if action.startswith(("Get", "List")):
        return json.dumps(body, indent=2)
    return json.dumps({"RequestId": body["RequestId"]})


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


def _policies(attached: Iterable[Iterable[str]]) -> str:
    return ", ".join("/".join(pair) for pair in sorted(map(tuple, attached))) or "no policy"


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
