"""What people do behind the operator's back, with the real SDK and a key of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import alibabacloud_ims20190815.client as ims_client
import alibabacloud_ims20190815.models as ims
import alibabacloud_ram20150501.models as ram
import alibabacloud_sts20150401.client as sts_client
import alibabacloud_sts20150401.models as sts
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

from lab.waiting import Deadline
from lab.world import World
from ram_emulator.admin import UserKeys

Json = dict[str, Any]


@dataclass(frozen=True)
class Hands:
    """Edits of one world's cloud account. Names are those of the cloud."""

    world: World

    def update_role(self, name: str, **changes: Any) -> None:
        """`trust`, `description`, `session`, `console`; what is not named keeps its value."""
        live = self.world.cloud()["roles"][name]
        wanted = {
            "trust": live["trust"],
            "description": live["description"],
            "session": live["maxSessionDuration"],
            "console": live["allowConsoleLogin"],
            **changes,
        }
        request = ram.UpdateRoleRequest(
            role_name=name,
            new_assume_role_policy_document=json.dumps(wanted["trust"]),
            new_description=wanted["description"] or None,
            new_max_session_duration=wanted["session"],
            new_allow_console_login=wanted["console"],
        )
        self.world.hand.update_role(request)

    def create_role(self, name: str, trust: Json, **attributes: Any) -> None:
        """`description`, `session` and `tags` as they are to be."""
        request = ram.CreateRoleRequest(
            role_name=name,
            assume_role_policy_document=json.dumps(trust),
            description=attributes.get("description"),
            max_session_duration=attributes.get("session"),
            tag=[
                ram.CreateRoleRequestTag(key=key, value=value)
                for key, value in attributes.get("tags", {}).items()
            ],
        )
        self.world.hand.create_role(request)

    def delete_role(self, name: str) -> None:
        """Together with its attachments."""
        for policy_type, policy in self.world.cloud()["roles"][name]["policies"]:
            self.detach(name, policy, policy_type)
        self._retry_conflict(name)

    def _retry_conflict(self, name: str) -> None:
        for _ in range(50):
            try:
                self.world.hand.delete_role(ram.DeleteRoleRequest(role_name=name))
                return
            except TeaException as error:
                if not str(error.code).startswith("DeleteConflict"):
                    raise
                self.world.settle()
        raise AssertionError(f"role {name} could not be deleted by hand")

    def attach(self, name: str, policy: str, policy_type: str = "System") -> None:
        self.world.hand.attach_policy_to_role(
            ram.AttachPolicyToRoleRequest(
                policy_type=policy_type, policy_name=policy, role_name=name
            )
        )

    def detach(self, name: str, policy: str, policy_type: str = "System") -> None:
        self.world.hand.detach_policy_from_role(
            ram.DetachPolicyFromRoleRequest(
                policy_type=policy_type, policy_name=policy, role_name=name
            )
        )

    def tag(self, noun: str, name: str, tags: Mapping[str, str]) -> None:
        rows = [ram.TagResourcesRequestTag(key=key, value=value) for key, value in tags.items()]
        self.world.hand.tag_resources(
            ram.TagResourcesRequest(resource_type=noun, resource_names=[name], tag=rows)
        )

    def untag(self, noun: str, name: str, *keys: str) -> None:
        self.world.hand.untag_resources(
            ram.UntagResourcesRequest(
                resource_type=noun, resource_names=[name], tag_keys=list(keys)
            )
        )

    def create_policy(self, name: str, document: Json, description: str | None = None) -> None:
        self.world.hand.create_policy(
            ram.CreatePolicyRequest(
                policy_name=name, policy_document=json.dumps(document), description=description
            )
        )

    def describe_policy(self, name: str, description: str) -> None:
        self.world.hand.update_policy_description(
            ram.UpdatePolicyDescriptionRequest(policy_name=name, new_description=description)
        )

    def delete_policy(self, name: str) -> None:
        self.world.hand.delete_policy(
            ram.DeletePolicyRequest(policy_name=name, cascading_delete=True)
        )

    def switch_login(self, name: str, status: str) -> None:
        """Whether the console lets a user in, `Active` or `Inactive`, which IMS alone can set."""
        client = ims_client.Client(_config(self.world))
        domain = client.get_default_domain().body.default_domain_name
        client.update_login_profile(
            ims.UpdateLoginProfileRequest(user_principal_name=f"{name}@{domain}", status=status)
        )

    def version_policy(self, name: str, document: Json) -> None:
        """A new version, in force at once."""
        self.world.hand.create_policy_version(
            ram.CreatePolicyVersionRequest(
                policy_name=name, policy_document=json.dumps(document), set_as_default=True
            )
        )


def _config(world: World) -> Config:
    """Of somebody who works by hand."""
    return Config(
        access_key_id=world.by_hand.access_key_id,
        access_key_secret=world.by_hand.access_key_secret,
        endpoint=world.emulator.endpoint,
        protocol="http",
    )


def may_assume(world: World, who: UserKeys, role: str) -> bool:
    """Whether the emulated STS gives that user a session of the role; it decides by the trust."""
    config = Config(
        access_key_id=who.access_key_id,
        access_key_secret=who.access_key_secret,
        endpoint=world.emulator.endpoint,
        protocol="http",
    )
    request = sts.AssumeRoleRequest(
        role_arn=f"acs:ram::{world.account_id}:role/{role.lower()}", role_session_name="scenario"
    )
    try:
        sts_client.Client(config).assume_role(request)
    except TeaException as error:
        # A role that was just made is not known to STS at once.
        if error.code not in ("NoPermission", "EntityNotExist.Role"):
            raise
        return False
    return True


def session_of(world: World, role: str, seconds: int = 3600) -> dict[str, str]:
    """Temporary keys of a role that trusts the user who works by hand, as a Secret holds them."""
    request = sts.AssumeRoleRequest(
        role_arn=f"acs:ram::{world.account_id}:role/{role.lower()}",
        role_session_name="operator",
        duration_seconds=seconds,
    )
    config = _config(world)
    deadline = Deadline()
    while True:
        try:
            keys = sts_client.Client(config).assume_role(request).body.credentials
            break
        except TeaException:
            # A role that was just made is not known to STS at once.
            if deadline.over:
                raise
            time.sleep(0.2)
    return {
        "accessKeyId": keys.access_key_id,
        "accessKeySecret": keys.access_key_secret,
        "securityToken": keys.security_token,
    }
