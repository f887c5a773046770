"""Token buckets, one per account and action, with the published rates.

The answer to a call over the rate is the same as that of a throttle fault.
"""

from __future__ import annotations

import time

from .errors import ApiError
from .registry import Action
from .state import Account

RETRY_AFTER_MILLISECONDS = 500


class RateLimiter:
    """Buckets that hold one second's worth of calls, on the machine's monotonic clock."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, account: Account, action: Action) -> None:
        """Count a call; raises Throttling.User if the action's rate is used up."""
        if not account.is_on("rate_limits_enforced"):
            return
        rate = float(account.quotas[action.rate])
        key, now = (account.account_id, action.permission), time.monotonic()
        tokens, then = self._buckets.get(key, (rate, now))
        tokens = min(rate, tokens + (now - then) * rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            raise throttled(account)
        self._buckets[key] = (tokens - 1, now)


def throttled(account: Account, *, retry_after: bool | None = None) -> ApiError:
    """The service's throttling answer; the header follows the account unless forced."""
    with_header = account.is_on("throttle_retry_after_header")
    if retry_after is not None:
        with_header = retry_after
    headers = {"x-acs-retry-after": str(RETRY_AFTER_MILLISECONDS)} if with_header else {}
    return ApiError(
        "Throttling.User",
        "Request was denied due to user flow control.",
        status=int(account.behaviours["throttle_status"]),
        headers=headers,
    )
