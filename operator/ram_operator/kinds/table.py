"""The table: one row per managed kind. The loop has no branch on a kind.

`cloud.observe` and `cloud.execute` hold the reads that the rows name, and the calls of the steps.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .group import GROUP
from .policy import POLICY
from .role import ROLE
from .schema import Kind
from .user import USER

KINDS: Final[Mapping[str, Kind]] = {row.kind: row for row in (POLICY, ROLE, USER, GROUP)}
PROVIDERS: Final[Mapping[str, str]] = {
    "RamOidcProvider": "oidc-provider",
    "RamSamlProvider": "saml-provider",
}
"""Identity providers, which no object manages: how inventories call each sort, and how ARNs do."""
ACCOUNT: Final = "RamAccount"
ACCOUNT_PLURAL: Final = "ramaccounts"
RECORD: Final = "RamRecord"
RECORD_PLURAL: Final = "ramrecords"
PLURALS: Final[Mapping[str, str]] = {
    **{row.kind: row.plural for row in KINDS.values()},
    ACCOUNT: ACCOUNT_PLURAL,
    RECORD: RECORD_PLURAL,
}
