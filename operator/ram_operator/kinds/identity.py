"""Which identity a record is about, and the name of its RamRecord. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from ..model.objects import Key
from .table import RECORD

_DNS: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HASHED: Final = re.compile(r"(.*\.)?[0-9a-f]{16}")
"""What the key of a name with a hash looks like: no readable name may pass for one."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a record is about."""

    account_id: str
    kind: str
    cloud_name: str

    @property
    def folded(self) -> str:
        return self.cloud_name.lower()

    @property
    def key(self) -> Key:
        """Readable where the name allows it; else with a hash, and the record tells which."""
        name = self.folded
        odd = ".." in name or ".-" in name or "-." in name
        if odd or not _DNS.fullmatch(name) or _HASHED.fullmatch(name):
            tail = hashlib.sha256(name.encode()).hexdigest()[:16]
            name = re.sub(r"[^a-z0-9]+", "-", name).strip("-") + "." + tail
        return Key(RECORD, "", f"{self.account_id}.{self.kind.lower()}.{name.lstrip('.')}")
