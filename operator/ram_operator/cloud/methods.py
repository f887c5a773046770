"""The actions that the operator uses, and the SDK's functions for them: all that its own RAM policy
has to allow, besides STS GetCallerIdentity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

METHODS: Final[Mapping[str, str]] = {
    "ListRoles": "list_roles",
    "ListGroups": "list_groups",
    "ListPolicies": "list_policies",
    "GetUser": "get_user",
    "CreateUser": "create_user",
    "UpdateUser": "update_user",
    "DeleteUser": "delete_user",
    "ListGroupsForUser": "list_groups_for_user",
    "ListAccessKeys": "list_access_keys",
    "GetAccessKeyLastUsed": "get_access_key_last_used",
    "CreateAccessKey": "create_access_key",
    "UpdateAccessKey": "update_access_key",
    "DeleteAccessKey": "delete_access_key",
    "GetLoginProfile": "get_login_profile",
    "DeleteLoginProfile": "delete_login_profile",
    "GetUserMFAInfo": "get_user_mfainfo",
    "UnbindMFADevice": "unbind_mfadevice",
    "AttachPolicyToUser": "attach_policy_to_user",
    "DetachPolicyFromUser": "detach_policy_from_user",
    "ListPoliciesForUser": "list_policies_for_user",
    "GetGroup": "get_group",
    "CreateGroup": "create_group",
    "UpdateGroup": "update_group",
    "DeleteGroup": "delete_group",
    "ListUsersForGroup": "list_users_for_group",
    "AddUserToGroup": "add_user_to_group",
    "RemoveUserFromGroup": "remove_user_from_group",
    "AttachPolicyToGroup": "attach_policy_to_group",
    "DetachPolicyFromGroup": "detach_policy_from_group",
    "ListPoliciesForGroup": "list_policies_for_group",
    "GetRole": "get_role",
    "CreateRole": "create_role",
    "UpdateRole": "update_role",
    "DeleteRole": "delete_role",
    "GetPolicy": "get_policy",
    "CreatePolicy": "create_policy",
    "UpdatePolicyDescription": "update_policy_description",
    "DeletePolicy": "delete_policy",
    "CreatePolicyVersion": "create_policy_version",
    "ListPolicyVersions": "list_policy_versions",
    "ListEntitiesForPolicy": "list_entities_for_policy",
    "GetPolicyVersion": "get_policy_version",
    "SetDefaultPolicyVersion": "set_default_policy_version",
    "AttachPolicyToRole": "attach_policy_to_role",
    "DetachPolicyFromRole": "detach_policy_from_role",
    "ListPoliciesForRole": "list_policies_for_role",
    "TagResources": "tag_resources",
    "UntagResources": "untag_resources",
    "ListTagResources": "list_tag_resources",
}
IMS_METHODS: Final[Mapping[str, str]] = {
    "ListUsers": "list_users",
    "GetDefaultDomain": "get_default_domain",
    "GetLoginProfile": "get_login_profile",
    "GetUser": "get_user",
    "TagResources": "tag_resources",
    "ListTagResources": "list_tag_resources",
    "GetSAMLProvider": "get_samlprovider",
    "GetOIDCProvider": "get_oidcprovider",
    "ListSAMLProviders": "list_samlproviders",
    "ListOIDCProviders": "list_oidcproviders",
    "GenerateCredentialReport": "generate_credential_report",
    "GetCredentialReport": "get_credential_report",
}
"""Called as `IMS.<action>`: RAM itself cannot tag users, has no providers, and does not say whether
the console lets a user in.
"""
ACTION_TRAIL_ACTIONS: Final = ("LookupEvents",)
"""Called as `ActionTrail.<action>`: who made a difference."""
RESOURCE_MANAGER_ACTIONS: Final = ("ListPolicyAttachments",)
"""Called as `ResourceManager.<action>`, and allowed as actions of RAM: RAM itself lists attachments
of one identity or of one policy, and no account's.
"""
