"""The credential report: one table of how each user of an account signs in, made once in a while.

The cloud makes a new one every four hours at most, of 3,500 users at most, and shows the account as
it was then. It has no ids of keys. What it says is a reason to look, and decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
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
_CREATED: Final = "user_creation_time"
_EXIST: Final = ("password_exist", "access_key_1_exist", "access_key_2_exist")
_MORE_KEYS: Final = re.compile(r"(additional_access_key_[0-9]+)_exist")
"""Old accounts may have more than two keys for a user."""
_COLUMNS: Final = (
    _CREATED,
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
_OF_A_KEY: Final = ("active", "last_rotated")


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
        this = str(body.get("GeneratedTime") or "")
        if not this or made_at not in ("", this):
            # Another one was made meanwhile, and half of each says nothing of either time.
            raise answers.incomplete(GET, "GeneratedTime, or with another one on each page")
        made_at = this
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
        if line and line[0] == _USER and _CREATED in line:
            # It may stand on each page, and a user may have that name.
            header = line
            if missing := {*_COLUMNS} - {*header}:
                raise answers.incomplete(GET, ", ".join(sorted(missing)))
        elif line:
            if header is None or len(line) != len(header):
                raise answers.incomplete(GET, "the same columns in each row")
            yield dict(zip(header, line, strict=True))


def _signs_in(row: Mapping[str, str]) -> SignsIn:
    words = [row[name].lower() for name in _COLUMNS]
    more = sorted(key[1] for name in row if (key := _MORE_KEYS.fullmatch(name)))
    found = [each for each in more if not _is_no(row[f"{each}_exist"])]
    for each in found:
        words += [each, *(row.get(f"{each}_{what}", "").lower() for what in _OF_A_KEY)]
    digest = told("\n".join(words))
    return SignsIn(digest, not found and all(_is_no(row[name]) for name in _EXIST))


def _is_no(word: str) -> bool:
    return word.lower() == "false"
