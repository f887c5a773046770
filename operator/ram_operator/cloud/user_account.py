"""An account under the credentials of a person: `kubectl ram` reads it whole, and writes nothing.

Called by `cli/own_cloud` alone. The credentials are those that the SDK finds for that person; they
go to the public services of Alibaba Cloud, or to the endpoint that the person names, and never to
one that an object in a cluster names.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from alibabacloud_credentials.provider import (
    CLIProfileCredentialsProvider,
    DefaultCredentialsProvider,
)

from .. import documents, proxies
from ..constants import Reason
from ..errors import Absent, Bug, Retry, Stalled
from ..kinds.role import TRUST
from . import attachment_list, list_calls, member_list, role_calls
from .cached_reads import PolicyDocuments
from .client import CloudClient, Timeouts, Wiring
from .credentials import Credentials
from .endpoints import endpoints
from .limiter import ActionClass, Limiter
from .places import Places

R = TypeVar("R")
_RATES: Final[Mapping[ActionClass, float]] = {
    ActionClass.READ: 10.0,
    ActionClass.RESOURCE_MANAGER: 2.0,
    ActionClass.WRITE: 1.0,
    ActionClass.ATTACH: 1.0,
    ActionClass.ACTION_TRAIL: 1.0,
}
"""Calls a second. The account's other tools share its limits, the operator among them."""
_TRIES: Final = 6
_THREADS: Final = 2
_NOBODY: Final = (
    "no credentials for Alibaba Cloud were found: set ALIBABA_CLOUD_ACCESS_KEY_ID and"
    " ALIBABA_CLOUD_ACCESS_KEY_SECRET, or configure a profile of the aliyun command line and name"
    " it with --profile"
)


class UserAccount:
    """Raises errors.* only."""

    def __init__(self, credentials: Credentials, endpoint: str) -> None:
        """`endpoint` is empty for the public services."""
        where = {"ram": endpoint, "sts": endpoint} if endpoint else {}
        self._pool = ThreadPoolExecutor(_THREADS)
        ways, places = proxies.read(os.environ), Places(_THREADS)
        wiring = Wiring(self._pool, Timeouts(), lambda *_: None, _never, ways, places)
        found = endpoints(where, custom=bool(endpoint))
        self._client = CloudClient(credentials, found, Limiter(_RATES), wiring)
        self._policies = PolicyDocuments()
        self.account_id = str(_again(self._client.caller_identity)["AccountId"])

    def close(self) -> None:
        self._pool.shutdown()

    def rows(self, kind: str) -> dict[str, list_calls.Row]:
        """All identities of the kind by folded name."""
        return _again(lambda: list_calls.read(self._client, kind))

    def policies(self) -> Mapping[str, frozenset[str]]:
        """The policies of each identity, `role/name` folded, as `System/ReadOnlyAccess`."""
        found = _again(lambda: attachment_list.read(self._client))
        return {name: each.policies for name, each in found.items()}

    def groups(self, names: Iterable[str]) -> Mapping[str, list[str]]:
        """Of each user, `user/name` folded, the folded names of these groups that it is in."""
        return member_list.read(_Patient(self._client), names, {}).groups

    def says(self, policy: str) -> tuple[documents.Policy, ...]:
        """What a policy says; nothing where nobody can read it."""
        kind, _, name = policy.partition("/")
        try:
            return _again(lambda: self._policies.read(self._client, kind, name))
        except (Absent, Bug):
            return ()

    def trust(self, role: str) -> documents.Trust | None:
        """None where nobody can read it."""
        try:
            found = _again(lambda: role_calls.read_role(self._client, role)).fields[TRUST.name]
        except Absent:
            return None
        return found if isinstance(found, documents.Trust) else None


class _Patient:
    """Calls that are tried again where the cloud has too many."""

    def __init__(self, client: CloudClient) -> None:
        self._client = client

    def call(self, action: str, parameters: Mapping[str, object]) -> Mapping[str, object]:
        return _again(lambda: self._client.call(action, parameters))


def _again(call: Callable[[], R]) -> R:
    """Waits where the cloud asks for it: a person sits in front of this, and nobody tries later."""
    for number in range(_TRIES):
        try:
            return call()
        except Absent:
            raise
        except Retry as error:
            if error.reason is not Reason.THROTTLED or number + 1 == _TRIES:
                raise
            time.sleep(error.after or 2.0**number)
    raise AssertionError


def _never() -> None:
    raise Bug("kubectl ram would write to the cloud")


def credentials(profile: str) -> Credentials:
    """Those of a profile of the aliyun command line, or, where it is empty, what the SDK finds by
    itself. Raises Stalled(CredentialsInvalid).
    """
    # It logs each place in which there are none, with a traceback.
    logging.getLogger("credentials").setLevel(logging.CRITICAL + 1)
    source = CLIProfileCredentialsProvider(profile_name=profile) if profile else None
    try:
        found = (source or DefaultCredentialsProvider()).get_credentials()
        key, secret = found.get_access_key_id(), found.get_access_key_secret()
        token = found.get_security_token() or ""
    except Exception:
        # Texts of the SDK may say more than how it went.
        raise Stalled(Reason.CREDENTIALS_INVALID, _NOBODY) from None
    if not key or not secret:
        raise Stalled(Reason.CREDENTIALS_INVALID, _NOBODY)
    return Credentials(str(key), str(secret), str(token))
