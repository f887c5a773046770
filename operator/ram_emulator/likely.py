"""The preset between hostile and friendly: what the official Terraform provider could live with.

That provider is run on real accounts every day. Where its code would fail or show a difference for
ever, the row here has the answer with which it does not; everywhere else the hostile one stands.
"""

from __future__ import annotations

from collections.abc import Mapping

Setting = bool | int | float | str

LIKELY: Mapping[str, tuple[Setting, str]] = {
    "own_writes_seen_at_once": (
        True,
        "It reads a role right after it has created it, and a 404 there is an error.",
    ),
    "update_role_resets_session": (
        False,
        "It sends the fields of a role that changed, and no others.",
    ),
    "update_role_resets_console_login": (
        False,
        "It sends the fields of a role that changed, and no others.",
    ),
    "update_user_omitted_fields": (
        "unchanged",
        "It sends the fields of a user that changed, and the name.",
    ),
    "update_login_profile_omitted_fields": (
        "unchanged",
        "It sends the flags of a login profile that changed, and the password.",
    ),
    "detach_visible_after_seconds": (
        0.0,
        "It repeats a refused deletion of a role, policy or group, but not that of a user.",
    ),
    "principal_visibility_seconds": (
        0.0,
        "It names a new user or role in the next trust at once, and does not try twice.",
    ),
    "deleted_user_name_reserved_seconds": (
        0.0,
        "A user that is replaced is deleted and created under the same name at once.",
    ),
    "description_can_be_cleared": (
        True,
        "It clears a description by an empty text; one that stays would be a difference for ever.",
    ),
    "comments_can_be_cleared": (
        True,
        "It clears texts of users and groups by an empty text.",
    ),
    "empty_optional_fields": (
        "empty",
        "Clients of other makers take the field for given.",
    ),
    "max_items_out_of_range": (
        "clamp",
        "It asks for pages of its own size everywhere, and a refusal is an error.",
    ),
}
"""Name of the behaviour -> the answer, and why; the rest is as in `hostile`."""
