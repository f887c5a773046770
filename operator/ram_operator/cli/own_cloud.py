"""The one way from the commands to the cloud: under the person's own credentials, and to read.

Needs the extra `cloud`, which is not installed with the rest: the SDK weighs ten times as much.
Raises PluginError only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import RamOperatorError
from .outcomes import Failed

if TYPE_CHECKING:
    from ..cloud.user_account import UserAccount

_MISSING = (
    "this command reads the cloud, for which the extra `cloud` is missing here:"
    " pip install 'ram-operator[cloud]'"
)


@contextmanager
def opened(profile: str, endpoint: str) -> Iterator[UserAccount]:
    """The account that the credentials belong to."""
    try:
        from ..cloud.user_account import UserAccount, credentials
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("ram_operator", "ram_emulator")):
            raise
        raise Failed(f"{_MISSING} ({error.name} is not installed)") from None
    try:
        account = UserAccount(credentials(profile), endpoint)
        try:
            yield account
        finally:
            account.close()
    except RamOperatorError as error:
        raise Failed(error.message) from None
