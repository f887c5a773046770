"""A small synchronous client of the emulator's admin API, for tests and the demo.

Uses the standard library only, and ignores proxy settings: the emulator is on loopback.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class AdminError(Exception):
    """The admin API refused a request; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """An emulated account with the keys of its root and of its administrator."""

    account_id: str
    alias: str
    admin_arn: str
    admin_access_key_id: str
    admin_access_key_secret: str = field(repr=False)
    root_access_key_id: str
    root_access_key_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserKeys:
    """An emulated user with its key."""

    user_id: str
    arn: str
    access_key_id: str
    access_key_secret: str = field(repr=False)


class Admin:
    """The admin API at a URL such as `http://127.0.0.1:4711`."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout

    def request(self, method: str, path: str, body: object = None) -> Any:
        """One request; AdminError if it is refused, OSError if nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - always the http URL of the emulator
            f"{self._url}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with _OPENER.open(request, timeout=self._timeout) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", "replace")
            raise AdminError(error.code, text) from None

    def healthy(self) -> bool:
        """Whether the emulator answers."""
        try:
            return bool(self.request("GET", "/healthz")["status"] == "ok")
        except OSError:
            return False

    def create_account(
        self,
        account_id: str | None = None,
        *,
        behaviours: str | Mapping[str, object] = "hostile",
        quotas: Mapping[str, int] | None = None,
        site: str = "china",
    ) -> AccountKeys:
        """A new account; behaviours is a preset's name or single values.

        site: `international` accounts keep no email addresses and phone numbers of users.
        """
        row: dict[str, object] = {
            "behaviours": behaviours,
            "quotas": dict(quotas or {}),
            "site": site,
        }
        if account_id is not None:
            row["accountId"] = account_id
        reply = self.request("POST", "/accounts", row)
        return AccountKeys(
            account_id=reply["accountId"],
            alias=reply["alias"],
            admin_arn=reply["adminArn"],
            admin_access_key_id=reply["adminAccessKeyId"],
            admin_access_key_secret=reply["adminAccessKeySecret"],
            root_access_key_id=reply["rootAccessKeyId"],
            root_access_key_secret=reply["rootAccessKeySecret"],
        )

    def create_resource_group(self, account_id: str, name: str) -> str:
        """A resource group; its id."""
        path = f"/accounts/{account_id}/resource-groups"
        return str(self.request("POST", path, {"name": name})["resourceGroupId"])

    def create_user(
        self,
        account_id: str,
        name: str,
        *,
        policies: Sequence[tuple[str, str]] = (),
        document: Mapping[str, object] | None = None,
        status: str = "Active",
    ) -> UserKeys:
        """A user with policies as (type, name), and an inline permission document."""
        row = {
            "userName": name,
            "policies": [list(policy) for policy in policies],
            "document": document,
            "status": status,
        }
        reply = self.request("POST", f"/accounts/{account_id}/users", row)
        return UserKeys(
            reply["userId"], reply["arn"], reply["accessKeyId"], reply["accessKeySecret"]
        )

    def change_user(self, account_id: str, name: str, **fields: object) -> None:
        """What no API writes: `lastLoginDate` (seconds) and `status` (active or freeze)."""
        self.request("PATCH", f"/accounts/{account_id}/users/{name}", fields)

    def create_group(self, account_id: str, name: str, *, members: Sequence[str] = ()) -> str:
        """A group; returns its id."""
        row = {"groupName": name, "members": list(members)}
        return str(self.request("POST", f"/accounts/{account_id}/groups", row)["groupId"])

    def create_provider(self, account_id: str, kind: str, name: str, **details: object) -> str:
        """An identity provider (kind `oidc` or `saml`); returns its ARN.

        details: `issuerUrl`, `clientIds` and `fingerprints` (lists) of an OIDC provider, `metadata`
        (the document itself) of a SAML provider, `description` of both. What an issuer publishes:
        `keys` (rows of kid, n and e), `siteFingerprint`. One that exists already gets them at once,
        and keeps what is not named.
        """
        row = {"type": kind, "name": name, **details}
        return str(self.request("POST", f"/accounts/{account_id}/providers", row)["arn"])

    def delete_provider(self, account_id: str, kind: str, name: str) -> None:
        """Remove an identity provider at once."""
        quoted = urllib.parse.quote(name, safe="")
        self.request("DELETE", f"/accounts/{account_id}/providers/{kind}/{quoted}")

    def create_service_linked_role(
        self, account_id: str, service: str, role_name: str | None = None
    ) -> str:
        """A service-linked role; returns its ARN."""
        row = {"serviceName": service, "roleName": role_name}
        path = f"/accounts/{account_id}/service-linked-roles"
        return str(self.request("POST", path, row)["arn"])

    def set_key_status(
        self, account_id: str, key_id: str, status: str, *, by_platform: bool = False
    ) -> None:
        """`Active` or `Inactive`. by_platform: ActionTrail has it as an act of Alibaba Cloud."""
        row = {"status": status, "byPlatform": by_platform}
        self.request("PATCH", f"/accounts/{account_id}/keys/{key_id}", row)

    def behaviours(self, account_id: str) -> dict[str, Any]:
        """All switches of an account."""
        return dict(self.request("GET", f"/accounts/{account_id}/behaviours"))

    def set_behaviours(self, account_id: str, change: str | Mapping[str, object]) -> dict[str, Any]:
        """Apply a preset or single values; returns all switches."""
        return dict(self.request("PUT", f"/accounts/{account_id}/behaviours", change))

    def state(self, account_id: str) -> dict[str, Any]:
        """The true entities and settings of an account."""
        return dict(self.request("GET", f"/accounts/{account_id}/state"))

    def journal(
        self, account_id: str | None = None, *, since: int = 0, writes: bool = False
    ) -> list[dict[str, Any]]:
        """The calls so far, oldest first."""
        query: dict[str, str] = {"since": str(since), "writes": str(writes).lower()}
        if account_id is not None:
            query["account"] = account_id
        return list(self.request("GET", f"/journal?{urllib.parse.urlencode(query)}")["entries"])

    def clear_journal(self) -> None:
        """Forget the calls so far."""
        self.request("DELETE", "/journal")

    def add_fault(self, kind: str, **fields: object) -> str:
        """Arm a fault; fields as in the reference (account, action, nth, times, ...)."""
        return str(self.request("POST", "/faults", {"kind": kind, **fields})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """All armed faults with the calls they saw and hit."""
        return list(self.request("GET", "/faults")["faults"])

    def remove_fault(self, identifier: str) -> dict[str, Any]:
        """Disarm one fault, which lets go on what it holds. As `faults` shows it at that moment."""
        return dict(self.request("DELETE", f"/faults/{identifier}"))

    def clear_faults(self) -> list[dict[str, Any]]:
        """Disarm all faults. As `faults` at that moment: none of them hits a call after it."""
        return list(self.request("DELETE", "/faults")["faults"])

    def advance_clock(self, seconds: float) -> float:
        """Move the emulator's clock; returns its new time in seconds since the epoch."""
        return float(self.request("POST", "/clock", {"advanceSeconds": seconds})["now"])

    def set_clock_offset(self, seconds: float) -> float:
        """Set the clock's distance from the machine's time; returns its new time."""
        return float(self.request("POST", "/clock", {"offsetSeconds": seconds})["now"])

    def save(self) -> dict[str, Any]:
        """The whole state, secrets included."""
        return dict(self.request("GET", "/state"))

    def load(self, state: Mapping[str, Any]) -> None:
        """Replace the whole state."""
        self.request("PUT", "/state", state)
