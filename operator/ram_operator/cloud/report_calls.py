"""The credential report: one table of how each user of an account signs in, made once in a while.

The cloud makes a new one every four hours at most, of 3,500 users at most, and shows the account as
it was then. It has no ids of keys. What it says is a reason to look, and decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..model.state import CloudCalls
from . import answers
from .held import identity, told

GENERATE: Final = "IMS.GenerateCredentialReport"
GET: Final = "IMS.GetCredentialReport"
_MOST_PAGES: Final = 100
_ROOT: Final = "<root>"
_USER: Final = "user"
_EXIST: Final = ("password_exist", "access_key_1_exist", "access_key_2_exist")
_COLUMNS: Final = (
    "user_creation_time",
    "password_active",
    "password_last_changed",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_2_active",
    "access_key_2_last_rotated",
    *_EXIST,
)
"""Those that people move. Others move with use, and `password_next_rotation` by itself."""


@dataclass(frozen=True, slots=True)
class SignsIn:
    """What one row says."""

    digest: bytes
    nothing: bool
    """Whether there is neither a password nor a key."""


def made(calls: CloudCalls) -> bool:
    """Whether there is a report of the last hours. If not, one was asked for. Raises errors.*."""
    state = str(calls.call(GENERATE, {}).get("State") or "")
    if state not in ("STARTED", "INPROGRESS", "COMPLETED"):
        raise answers.incomplete(GENERATE, "State")
    return state == "COMPLETED"


def read(calls: CloudCalls) -> tuple[str, dict[str, SignsIn]]:
    """When it was made, as the cloud says it, and each user as `user/name`. Raises errors.*."""
    pages, query, made_at = list[str](), dict[str, str](), ""
    for _ in range(_MOST_PAGES):
        body = calls.call(GET, query)
        made_at = str(body.get("GeneratedTime") or "")
        pages.append(_text(body))
        # A text in which everything is true.
        if str(body.get("IsTruncated")).lower() != "true":
            return made_at, _users(pages)
        token = str(body.get("NextToken") or "")
        if not token or token == query.get("NextToken"):
            break
        query = {"NextToken": token}
    raise answers.incomplete(GET, "an end")


def _text(body: Mapping[str, Any]) -> str:
    try:
        return base64.b64decode(str(body["Content"]), validate=True).decode()
    except (KeyError, ValueError, binascii.Error) as error:
        raise answers.incomplete(GET, "Content") from error


def _users(pages: list[str]) -> dict[str, SignsIn]:
    found: dict[str, SignsIn] = {}
    for row in _rows("".join(pages)):
        # What is behind the last @ is the account's domain, which may change.
        name = row[_USER].rpartition("@")[0] or row[_USER]
        user = identity("user", name)
        if user in found:
            raise answers.incomplete(GET, f"{name} once")
        if row[_USER] != _ROOT:
            found[user] = _signs_in(row)
    return found


def _rows(text: str) -> Iterator[Mapping[str, str]]:
    header: list[str] | None = None
    for line in csv.reader(io.StringIO(text)):
        if line and line[0] == _USER:
            # It may stand on each page.
            header = line
            if missing := {*_COLUMNS} - {*header}:
                raise answers.incomplete(GET, ", ".join(sorted(missing)))
        elif line:
            if header is None or len(line) != len(header):
                raise answers.incomplete(GET, "the same columns in each row")
            yield dict(zip(header, line, strict=True))


def _signs_in(row: Mapping[str, str]) -> SignsIn:
    words = [row[name].lower() for name in _COLUMNS]
    digest = told("\n".join(words))
    return SignsIn(digest, all(row[name].lower() == "false" for name in _EXIST))
