"""The switches for what the real service's documentation leaves open.

One table; what only whole lists are about stands in `behaviours_of_lists`. Read by handlers through
`Account`, changed through the admin API. `hostile` is the answer that hurts a careless client most,
and the default.
"""

from __future__ import annotations

from collections.abc import Mapping

from .behaviour import Behaviour, Setting
from .behaviours_of_lists import BEHAVIOURS_OF_LISTS
from .likely import LIKELY

__all__ = ["BEHAVIOURS", "LIKELY", "PRESETS", "Behaviour", "Setting", "apply_settings", "preset"]

BEHAVIOURS: Mapping[str, Behaviour] = {
    "update_role_resets_session": Behaviour(
        True,
        False,
        "UpdateRole without NewMaxSessionDuration sets the session length back to 3600 s.",
        "The parameter is documented with the default 3600; other clients omit it.",
    ),
    "role_console_login_exists": Behaviour(
        True,
        False,
        "Roles have AllowConsoleLogin; otherwise it is ignored, and no reply has it.",
        "In the SDK since 1.3.0; the metadata of the API of December 2025 lacks it.",
    ),
    "role_console_login_default": Behaviour(
        True,
        False,
        "CreateRole without AllowConsoleLogin allows it.",
        "One published record of a real account shows true that was not sent.",
    ),
    "update_role_resets_console_login": Behaviour(
        True,
        False,
        "UpdateRole without NewAllowConsoleLogin sets it back to its default.",
        "The parameter is not documented; UpdateRole may do so with other parameters.",
    ),
    "update_date_moves_on_trust": Behaviour(
        False,
        True,
        "A role's UpdateDate moves when only its trust document changes.",
        "Documented only as the time of the last update.",
    ),
    "update_date_moves_on_version": Behaviour(
        False,
        True,
        "A policy's UpdateDate moves when a version is created or made the default.",
        "Documented only as the time of the last change.",
    ),
    "stale_read_seconds": Behaviour(
        2.0,
        0.0,
        "Gets and lists return an entity as it was this many seconds ago.",
        "Client code in the field waits after writes; no figure is documented.",
    ),
    "own_writes_seen_at_once": Behaviour(
        False,
        False,
        "Who wrote sees the account as it was then, or later, whatever stale_read_seconds says.",
        "The Terraform provider reads what it creates at once; no guarantee is documented.",
    ),
    "detach_visible_after_seconds": Behaviour(
        1.0,
        0.0,
        "A deletion is refused for this long after the last policy was detached.",
        "The Terraform provider retries DeleteConflict after detaching.",
    ),
    "trust_effective_after_seconds": Behaviour(
        1.0,
        0.0,
        "AssumeRole judges by the role and its trust as they were this many seconds ago.",
        "Delay between a trust edit and STS is not documented.",
    ),
    "principal_visibility_seconds": Behaviour(
        1.0,
        0.0,
        "A user or role made through the API cannot be named in a trust for this long.",
        "Guides tell to create the principal first; the delay is not documented.",
    ),
    "trust_principals_must_exist": Behaviour(
        True,
        False,
        "A trust that names a missing user, role or provider of a known account is refused.",
        "Guides tell to create the principal first; the error is not documented.",
    ),
    "trust_wildcards_accepted": Behaviour(
        True,
        False,
        "Wildcards are accepted as trusted principals, and match.",
        "Published configurations use them; no official page describes them.",
    ),
    "trust_accepts_deny": Behaviour(
        True,
        False,
        "A Deny statement in a trust document is accepted.",
        "Evaluation pages honour it; no official sample has one.",
    ),
    "trust_limit_bytes": Behaviour(
        2048,
        6144,
        "The longest trust document in UTF-8 bytes.",
        "A length error is documented, the figure is not.",
    ),
    "role_document_reformatted": Behaviour(
        True,
        False,
        "Trust documents come back with other spacing and key order than they were sent.",
        "Samples look stored as given; no page promises it.",
    ),
    "policy_document_reformatted": Behaviour(
        True,
        False,
        "Permission documents come back with other spacing and key order than they were sent.",
        "Samples look stored as given; no page promises it.",
    ),
    "versions_list_has_document": Behaviour(
        False,
        True,
        "ListPolicyVersions rows carry the document.",
        "Present in newer documentation, absent in older.",
    ),
    "description_can_be_cleared": Behaviour(
        False,
        True,
        "An empty NewDescription clears the description; otherwise the old one is kept.",
        "The length is documented as 1 to 1024.",
    ),
    "empty_optional_fields": Behaviour(
        "absent",
        "empty",
        "An optional text without a value is left out of replies, or sent as an empty string.",
        "Samples show both; two clients of other makers take the field for given.",
        ("absent", "empty"),
    ),
    "list_skips_row_on_concurrent_delete": Behaviour(
        True,
        False,
        "A marker is a position: a deletion between two pages makes the walk miss a row.",
        "No snapshot isolation is documented.",
    ),
    "max_items_out_of_range": Behaviour(
        "refuse",
        "clamp",
        "A page size outside its range is refused, or brought into the range.",
        "The answer is not documented.",
        ("refuse", "clamp"),
    ),
    "policy_delete_conflict_role_code": Behaviour(
        "DeleteConflict.Role.Policy",
        "DeleteConflict.Policy.Role",
        "The code of DeletePolicy while a role has the policy.",
        "The Terraform provider knows only the first, the pattern suggests the second.",
    ),
    "attachment_count_has_resource_groups": Behaviour(
        False,
        True,
        "AttachmentCount of a policy counts attachments for resource groups, too.",
        "RAM's lists show those of the whole account; of the count nothing is said.",
    ),
    "policy_attachments_stale_seconds": Behaviour(
        10.0,
        0.0,
        "ResourceManager's ListPolicyAttachments lags behind RAM by this many seconds at least.",
        "Another service over the same entities; its freshness is not documented.",
    ),
    "attach_repeat": Behaviour(
        "conflict",
        "success",
        "Attaching what is attached is a 409, or succeeds.",
        "The 409 is documented for users and groups and seen in the field for roles.",
        ("conflict", "success"),
    ),
    "service_linked_edit_code": Behaviour(
        "NoPermission",
        "NotSupport.ServiceLinkedRole",
        "The code of a refused edit of a service-linked role.",
        "The refusal is documented, its code is not.",
    ),
    "update_user_omitted_fields": Behaviour(
        "cleared",
        "unchanged",
        "UpdateUser clears or keeps the optional texts that it does not name.",
        "The documentation does not say what omitting means.",
        ("cleared", "unchanged"),
    ),
    "update_user_needs_new_name": Behaviour(
        True,
        False,
        "UpdateUser without NewUserName is refused.",
        "Documented as required; other clients omit it.",
    ),
    "update_group_omitted_fields": Behaviour(
        "cleared",
        "unchanged",
        "UpdateGroup clears or keeps the comments if it does not name them.",
        "The documentation does not say what omitting means.",
        ("cleared", "unchanged"),
    ),
    "update_login_profile_omitted_fields": Behaviour(
        "default",
        "unchanged",
        "UpdateLoginProfile sets flags that it does not name to false, or keeps them.",
        "Documented with the default false.",
        ("default", "unchanged"),
    ),
    "comments_can_be_cleared": Behaviour(
        False,
        True,
        "An empty new text clears that text of a user or group; otherwise the old one is kept.",
        "The lengths are documented as starting at 1.",
    ),
    "deleted_user_name_reserved_seconds": Behaviour(
        5.0,
        0.0,
        "The name of a deleted user cannot be given again for this long.",
        "A recycle bin exists; whether it holds the name is not documented.",
    ),
    "delete_user_conflict_order": Behaviour(
        "reverse",
        "documented",
        "Of several conflicts, DeleteUser names the last of the documented list, or the first.",
        "One code is sent per call; the order is not documented.",
        ("reverse", "documented"),
    ),
    "settings_set_replaces_all": Behaviour(
        True,
        False,
        "Set of a password policy or security preference gives defaults to omitted fields.",
        "Defaults are documented; a client's changelog tells of fields that were lost.",
    ),
    "account_without_alias": Behaviour(
        "not_found",
        "empty",
        "GetAccountAlias without an alias: a 404, an empty text, or (`absent`) no field.",
        "The answer is not documented.",
        ("not_found", "empty", "absent"),
    ),
    "never_used_key_date": Behaviour(
        "N/A",
        "",
        "LastUsedDate of a key that never signed a call: this text; `absent` leaves it out.",
        "The form is not documented.",
    ),
    "key_use_lag_seconds": Behaviour(
        7200.0,
        0.0,
        "GetAccessKeyLastUsed tells of a use of a key this long after it.",
        "Documented as a delay of about two hours for the credential report.",
    ),
    "unbound_device_user": Behaviour(
        "empty",
        "absent",
        "ListVirtualMFADevices shows an unbound device with empty user fields, or without.",
        "The answer is not documented.",
        ("empty", "absent"),
    ),
    "saml_provider_missing_code": Behaviour(
        "EntityNotExist.SAMLProviderError",
        "EntityNotExist.SAMLProvider",
        "The code of an action on a missing SAML provider.",
        "Older Terraform providers expect the first; newer ones and the table of STS the second.",
    ),
    "saml_metadata_in_lines": Behaviour(
        True,
        False,
        "GetSAMLProvider breaks the metadata's Base64 into lines, another way each time.",
        "The Terraform provider strips line breaks from it and ignores them when it compares.",
    ),
    "provider_entry_repeat": Behaviour(
        "conflict",
        "success",
        "Adding a client id or fingerprint that is there, or removing a missing one: an error, "
        "or nothing happens.",
        "The answer is not documented.",
        ("conflict", "success"),
    ),
    "ims_permissions": Behaviour(
        "both",
        "either",
        "IMS actions need the permission under `ims:` and `ram:`, or under one of them.",
        "One published table has `ram:` and acs:ram resources, another `ims:` and acs:ims.",
        ("both", "either"),
    ),
    "ims_list_last_login": Behaviour(
        "milliseconds",
        "iso",
        "LastLoginDate in IMS ListUsers: a text of milliseconds, or an ISO date.",
        "A sample has the first, GetUser and its own documentation the second.",
        ("milliseconds", "iso"),
    ),
    "credential_report_seconds": Behaviour(
        20.0,
        0.0,
        "A credential report takes this many seconds to be made.",
        "It has states for it; no figure is documented.",
    ),
    "credential_report_lag_seconds": Behaviour(
        7200.0,
        0.0,
        "A credential report shows the account as it was this long before it was asked for.",
        "Two hours are documented for the last use of keys, nothing for the rest.",
    ),
    "credential_report_header_on_each_page": Behaviour(
        True,
        False,
        "Each page of a credential report begins with the line of columns, or the first one alone.",
        "The documentation does not say.",
    ),
    "credential_report_truncated_is_text": Behaviour(
        True,
        False,
        "IsTruncated of GetCredentialReport is a text, `false` as well as `true`.",
        "A text in the SDK and in one sample, a truth value in another.",
    ),
    "credential_report_no_login": Behaviour(
        "LOGIN_DISABLED",
        "N/A",
        "What the columns of a password and of MFA say of a user without a login.",
        "The second is documented, the first is seen in the field.",
    ),
    "throttle_status": Behaviour(
        400,
        429,
        "The HTTP status of Throttling codes.",
        "400 in the published tables; some gateways send 429.",
    ),
    "throttle_retry_after_header": Behaviour(
        False,
        True,
        "Throttled replies carry x-acs-retry-after (milliseconds).",
        "SDKs read it; whether RAM sends it is not documented.",
    ),
    "rate_limits_enforced": Behaviour(
        True,
        False,
        "Calls over the published rate of their action are throttled.",
        "The figures are published; an emulator without them would hide bursts.",
    ),
    **BEHAVIOURS_OF_LISTS,
}

PRESETS = ("hostile", "likely", "friendly")


def preset(name: str) -> dict[str, Setting]:
    """All settings of one preset; ValueError for another word."""
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}; known: {', '.join(PRESETS)}")
    if name == "likely":
        return {**preset("hostile"), **{key: value for key, (value, _) in LIKELY.items()}}
    return {key: getattr(row, name) for key, row in BEHAVIOURS.items()}


def apply_settings(
    current: Mapping[str, Setting], change: str | Mapping[str, object]
) -> dict[str, Setting]:
    """The settings after a change: a preset's name, or a map with an optional `preset` key.

    ValueError says which name or type is wrong.
    """
    if isinstance(change, str):
        return preset(change)
    values = dict(change)
    result = dict(current)
    if "preset" in values:
        result = preset(str(values.pop("preset")))
    for name, value in values.items():
        result[name] = _checked(name, value)
    return result


def _checked(name: str, value: object) -> Setting:
    row = BEHAVIOURS.get(name)
    if row is None:
        raise ValueError(f"unknown behaviour {name!r}; known: {', '.join(sorted(BEHAVIOURS))}")
    if isinstance(row.hostile, bool):
        accepted = isinstance(value, bool)
    elif isinstance(row.hostile, (int, float)):
        accepted = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif row.words:
        accepted = value in row.words
    else:
        accepted = isinstance(value, str)
    if not accepted or not isinstance(value, (bool, int, float, str)):
        raise ValueError(f"behaviour {name} cannot be {value!r}; for example {row.hostile!r}")
    return value
